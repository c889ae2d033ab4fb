import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { brokerUrl, installed, nodeOf, OTHER_NODES, run, tool } from './installed.ts'
import { TEST_BODY, TEST_IMPORTS } from './programs.ts'
import { newQueue } from './queues.ts'

async function folderOf(name: string, files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = join(installed().beside, name)
  await mkdir(folder)
  for (const [file, content] of Object.entries(files)) {
    await writeFile(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return folder
}

const env = () => ({ BROKER_URL: brokerUrl(), QUEUE: newQueue() })

const JEST_TEST = `${TEST_IMPORTS}
test('items', async () => {
  const equal = (value: unknown, expected: unknown) => expect(value).toBe(expected)
  ${TEST_BODY}
})
`
const COMPILER_OPTIONS = {
  module: 'commonjs',
  target: 'es2022',
  strict: true,
  esModuleInterop: true,
  isolatedModules: true,
  types: ['node', 'jest'],
}

test('jest with ts-jest needs one flag on Node 24.9 and newer', async () => {
  const cwd = await folderOf('jest', {
    'package.json': '{}',
    'jest.config.js': `module.exports = { preset: 'ts-jest' }`,
    'tsconfig.json': { compilerOptions: COMPILER_OPTIONS },
    'items.test.ts': JEST_TEST,
  })
  const args = ['--experimental-vm-modules', tool('jest/bin/jest.js'), '--no-cache']
  const { code, stderr } = await run(process.execPath, args, { cwd, env: env() })
  expect(stderr).toContain('Tests:       1 passed')
  expect(code).toBe(0)
})

test.runIf(OTHER_NODES.length > 0)('jest with ts-jest needs two lines of configuration on an older Node', async () => {
  const cwd = await folderOf('jest-node-22', {
    'package.json': '{}',
    'jest.config.js': `module.exports = {
      transform: { '\\\\.[cm]?[jt]s$': 'ts-jest' },
      transformIgnorePatterns: ['/node_modules/(?!(@podqueue|p-retry|is-network-error|js-yaml)/)'],
    }`,
    'tsconfig.json': { compilerOptions: { ...COMPILER_OPTIONS, allowJs: true } },
    'items.test.ts': JEST_TEST,
  })
  const args = [tool('jest/bin/jest.js'), '--no-cache']
  const { code, stderr } = await run(nodeOf('node-22'), args, { cwd, env: env() })
  expect(stderr).toContain('Tests:       1 passed')
  expect(code).toBe(0)
})

test('vitest', async () => {
  const cwd = await folderOf('vitest', {
    'package.json': { type: 'module' },
    'items.test.ts': `import { expect, test } from 'vitest'\n${JEST_TEST}`,
  })
  const { code, stdout } = await run(process.execPath, [tool('vitest/vitest.mjs'), 'run'], { cwd, env: env() })
  expect(stdout).toMatch(/Tests .*1 passed/)
  expect(code).toBe(0)
})

test.each(['module', 'commonjs'])('node --test in a package of type %s', async (type) => {
  const code = `import test from 'node:test'\nimport { strictEqual as equal } from 'node:assert'\n${TEST_IMPORTS}
test('items', async () => {${TEST_BODY}})
`
  const cwd = await folderOf(`node-test-${type}`, { 'package.json': { type }, 'items.test.mts': code })
  const ran = await run(process.execPath, ['--test', '--test-reporter=tap'], { cwd, env: env() })
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('# pass 1') })
})

test('a NestJS module, in CommonJS as nest makes it', async () => {
  const cwd = await folderOf('nest', {
    'package.json': '{}',
    'tsconfig.json': {
      compilerOptions: {
        ...COMPILER_OPTIONS,
        types: ['node'],
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        skipLibCheck: true,
        outDir: 'dist',
      },
      files: ['main.ts'],
    },
    'main.ts': `
import 'reflect-metadata'
import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { createProducer, type Producer } from '@podqueue/producer'
import { createJobClient, type JobClient } from '@podqueue/k8s'

@Injectable()
class Batches implements OnApplicationShutdown {
  constructor(@Inject('PRODUCER') private readonly producer: Producer, @Inject('JOBS') private readonly jobs: JobClient) {}
  async fill(queue: string): Promise<string> {
    const { confirmed } = await this.producer.enqueue(queue, ['apple'])
    const failure = await this.jobs.preflight({ name: 'work', image: 'worker', items: 1, queue: { name: queue, podUrl: 'amqp://rabbitmq' } }).catch((error: { code: string }) => error)
    return confirmed + ' ' + (failure as { code: string }).code
  }
  async onApplicationShutdown(): Promise<void> {
    await this.producer.close()
  }
}

@Module({
  providers: [
    Batches,
    { provide: 'PRODUCER', useFactory: () => createProducer() },
    { provide: 'JOBS', useFactory: () => createJobClient() },
  ],
})
class App {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(App, { logger: ['error'] })
  console.log(await app.get(Batches).fill(process.env.QUEUE ?? ''))
  await app.close()
}
void main()
`,
  })
  expect(await run(process.execPath, [tool('typescript/bin/tsc')], { cwd })).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
  const ran = await run(process.execPath, ['dist/main.js'], {
    cwd,
    env: { ...env(), KUBECONFIG: '/there/is/none' },
  })
  expect(ran).toEqual({ code: 0, stdout: '1 KUBECONFIG_MISSING\n', stderr: '' })
})
