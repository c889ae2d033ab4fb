/**
 * Runs the tests that touch a broker once on each version of RabbitMQ that can be had here, one after the other:
 *
 *     npm run test:versions -- [vitest filters…]
 *
 * Without filters: all tests of producer and worker, and of results between them. `VERSIONS='local 4.3'` names those to run on; without it, on all. Each version leaves `.reports/versions-<name>.json`; one that
 * cannot be had is said to be skipped, with the reason. Exits with 1 when a test failed, or no version was to be had.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rename, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { startBroker } from './broker/start-broker.ts'

/** By the name of the report: what `TEST_BROKER` is then. */
const VERSIONS: readonly (readonly [name: string, wanted: string])[] = [
  ['local', 'local'],
  ['4', 'docker:rabbitmq:4'],
  ['4.3', 'docker:rabbitmq:4.3'],
]
/** Where the configuration has each run write its report. */
const REPORT = '.reports/tests.json'
const PROJECTS = ['packages/producer', 'packages/worker', 'test/results']

const say = (line: string): void => void process.stdout.write(`=== ${line}\n`)

/** The description of this version, or the reason why it is not available here. */
async function look(wanted: string): Promise<{ readonly found: string } | { readonly missing: string }> {
  const image = /^docker:(.+)$/.exec(wanted)?.[1]
  // A look must not pull half a gigabyte: what is not here is skipped.
  if (image !== undefined) {
    try {
      await promisify(execFile)('docker', ['image', 'inspect', image])
    } catch {
      return { missing: `the image ${image} is not here (docker pull ${image})` }
    }
  }
  process.env.TEST_BROKER = wanted
  try {
    await using broker = await startBroker({ announce: () => {} })
    return { found: broker.description }
  } catch (error) {
    const { message, reasons } = error as { message: string; reasons?: readonly string[] }
    return { missing: reasons?.join('; ') ?? message }
  }
}

async function runTests(name: string, wanted: string, filters: readonly string[]): Promise<boolean> {
  const report = `.reports/versions-${name}.json`
  await rm(report, { force: true })
  await rm(REPORT, { force: true })
  const projects = PROJECTS.flatMap((project) => ['--project', project])
  const child = spawn('vitest', ['run', ...projects, ...filters], {
    stdio: 'inherit',
    env: { ...process.env, TEST_BROKER: wanted },
  })
  const [code] = await once(child, 'exit')
  // Without a report there was nothing to run, or the runner itself failed.
  const reported = await rename(REPORT, report).then(
    () => true,
    () => false,
  )
  return reported && code === 0
}

const filters = process.argv.slice(2)
let passed = 0
let failed = 0
const chosen = process.env.VERSIONS?.split(' ') ?? Object.keys(VERSIONS)
for (const [name, wanted] of VERSIONS) {
  if (!chosen.includes(name)) continue
  const seen = await look(wanted)
  if ('missing' in seen) {
    say(`RabbitMQ ${name}: skipped: ${seen.missing}`)
    continue
  }
  say(`RabbitMQ ${name}: ${seen.found}`)
  const ok = await runTests(name, wanted, filters)
  say(`RabbitMQ ${name}: ${ok ? 'passed' : 'FAILED'}`)
  if (ok) passed += 1
  else failed += 1
}
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
