import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import { expect, test } from 'vitest'
import { startCommand } from './start-command.ts'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))

/** The parts that the README leaves to its reader. */
const READERS = `import * as v from 'valibot'
const Frame = v.string()
const render = async (frame) => void console.log('rendered', frame)
const handler = async (item) => void console.log('handled', item.id, item.json())
`

/** Runs a program of the README on that queue, as a file of an app that has the package; returns what it printed. */
async function run(program: string, queue: TestQueue): Promise<string> {
  // Within the package, whose name then stands for itself.
  const folder = await mkdtemp(join(PACKAGE, '.readme-'))
  try {
    const file = join(folder, 'program.mts')
    await writeFile(file, `${READERS}${program.replaceAll("'job1'", `'${queue.name}'`)}`)
    const environment = { BROKER_URL: brokerUrl(), QUEUE: queue.name, PODQUEUE_EMPTY_CHECK_DELAY_MS: '200' }
    const { code, stdout, stderr } = await startCommand([], environment, [process.execPath, file]).exited
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function programs(): Promise<string[]> {
  const readme = await readFile(join(PACKAGE, 'README.md'), 'utf8')
  return [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, program = '']) => program)
}

test('the programs of the README do what it says of them', async () => {
  const [entry = '', one = '', tests = '', ...others] = await programs()
  expect(others, 'each has to be run here').toEqual([])
  await using queue = await testQueue()

  await queue.publish('apple')
  expect(await run(entry, queue)).toBe('rendered apple\n')

  await queue.publish('cherry', '"banana"', '""')
  const counts = 'console.log({ done, deadLettered, failed })\n'
  expect(await run(one + counts, queue)).toBe(
    'rendered cherry\ndone\nrendered banana\n{ done: 1, deadLettered: 1, failed: 0 }\n',
  )
  expect(await queue.drain('dead')).toEqual(['""'])

  expect(await run(tests, queue)).toBe('handled frame-7 { frame: 7 }\n')
})
