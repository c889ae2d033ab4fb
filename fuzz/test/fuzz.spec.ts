import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { expect, onTestFinished, test } from 'vitest'

/** A round takes 20 s on an idle machine, and 100 s beside other tests on two cores; each call has its own limit. */
const ROUND = { timeout: 400_000 }

test(
  'every public call ends in time as a result or a documented code, without a secret, and leaves its arguments as they are',
  ROUND,
  async () => {
    const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
    const fuzzing = spawn(process.execPath, [main, '--rounds', '1', '--seed', '1'], {
      env: { ...process.env, BROKER_URL: brokerUrl() },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(() => void fuzzing.kill('SIGKILL'))
    const [said, [code]] = await Promise.all([text(fuzzing.stderr), once(fuzzing, 'close')])
    expect(code, said).toBe(0)
    expect(said).toContain('each kept its promises')
  },
)
