import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { EXIT } from '@internal/contract'
import fc from 'fast-check'
import { BrokenPromise } from '../broken-promise.ts'
import { count } from '../call.ts'
import { script } from '../hostile-peer.ts'
import { secretIn } from '../secrets.ts'
import type { Servers, Target } from '../target.ts'

const command = fileURLToPath(new URL('../../../packages/worker/dist/podqueue-worker.js', import.meta.url))
const program = fileURLToPath(new URL('../run-worker-program.ts', import.meta.url))

const words = fc.array(
  fc.oneof(
    fc.constantFrom(
      '--queue',
      '--items',
      'all',
      '3',
      '--empty',
      'exit',
      'stop',
      '--retries',
      '-1',
      '--concurrency',
      '0',
      '--unknown',
      '--',
    ),
    fc.string({ maxLength: 6 }).filter((word) => !word.includes('\0')),
  ),
  { maxLength: 5 },
)
const variables = fc.record(
  {
    QUEUE: fc.constantFrom('q', '', 'amq.x'),
    PODQUEUE_ITEMS: fc.constantFrom('1', 'all', '', '-1', 'x'),
    PODQUEUE_CONCURRENCY: fc.constantFrom('1', '0', '1e3'),
    PODQUEUE_EMPTY: fc.constantFrom('exit', 'never'),
    PODQUEUE_EMPTY_CHECK_DELAY_MS: fc.constantFrom('1', 'NaN'),
    PODQUEUE_TERMINATION_LOG: fc.constantFrom('/dev/null', '/nonexistent/file', '/'),
  },
  { requiredKeys: ['QUEUE'] },
)

/** Whole processes of a worker at a hostile peer: each ends in time, with a documented exit code, and says no secret. */
export function processes({ peer }: Servers): Target {
  return {
    name: 'processes',
    runs: 2,
    property: fc.asyncProperty(script, words, variables, async (moves, more, env) => {
      for (const name of ['podqueue-worker', 'runWorker']) {
        peer.play(moves)
        const args = name === 'runWorker' ? [program] : [command, ...more, '--reconnect-for-ms', '0', '--', 'true']
        const { code, said } = await run(args, { ...env, BROKER_URL: peer.url })
        count(name, `exit ${code}`)
        if (!Object.values<number>(EXIT).includes(code)) {
          throw new BrokenPromise(`${name} ended with ${code}: ${said.slice(0, 2_000)}`)
        }
        const secret = secretIn(said)
        if (secret !== undefined) throw new BrokenPromise(`${name} says a secret: ${secret}`)
      }
    }),
  }
}

function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ code: number; said: string }> {
  const options = { env: { PATH: process.env.PATH, ...env }, timeout: 30_000, killSignal: 'SIGKILL' } as const
  return new Promise((resolve) => {
    execFile(process.execPath, ['--no-warnings', ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, said: `${stdout}${stderr}` })
    })
  })
}
