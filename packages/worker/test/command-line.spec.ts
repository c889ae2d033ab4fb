import { expect, test } from 'vitest'
import { parseCommandLine } from '../src/command/command-line.ts'

/** Each flag with a value, and the setting that it stands for. */
const FLAGS = {
  queue: ['--queue', 'job1', 'job1'],
  items: ['--items', 'all', 'all'],
  concurrency: ['--concurrency', '7', 7],
  empty: ['--empty', 'wait', 'wait'],
  emptyCheckDelayMs: ['--empty-check-delay-ms', '11', 11],
  idleTimeoutMs: ['--idle-timeout-ms', '24001', 24_001],
  retries: ['--retries', '2', 2],
  deadLetterOn: ['--dead-letter-on', '65, 66', [65, 66]],
  killAfterMs: ['--kill-after-ms', '13', 13],
  reconnectForMs: ['--reconnect-for-ms', '17', 17],
  maxResultBytes: ['--max-result-bytes', '19', 19],
} as const

test.each(Object.entries(FLAGS))('%s: its flag sets it, and nothing else', async (name, [flag, text, value]) => {
  const plain = await parseCommandLine(['--', 'cat'])
  const call = await parseCommandLine([flag, text, '--', 'cat'])
  expect(call).toEqual({ ...plain, settings: { ...plain?.settings, [name]: value } })
})

test('all flags at once, and a program with flags of its own', async () => {
  const words = Object.values(FLAGS).flatMap(([flag, text]) => [flag, text] as const)
  const call = await parseCommandLine([...words, '--', './worker.py', '--queue', 'its own'])
  expect(call).toEqual({
    name: './worker.py',
    args: ['--queue', 'its own'],
    settings: Object.fromEntries(Object.entries(FLAGS).map(([name, [, , value]]) => [name, value])),
  })
})
