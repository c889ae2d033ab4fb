import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { onTestFinished } from 'vitest'

/** Runs a program of this folder with the broker of the tests. It ends with the test. */
export function runProgram(
  name: string,
  environment: Readonly<Record<string, string>>,
  stdio: StdioOptions,
): ChildProcess {
  const program = fileURLToPath(new URL(name, import.meta.url))
  const env = { ...process.env, BROKER_URL: brokerUrl(), ...environment }
  const child = spawn(process.execPath, [program], { env, stdio })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
