import { expect, test } from 'vitest'
import { buildJob } from '../packages/k8s/src/index.ts'
import { consumeMany } from '../packages/worker/src/index.ts'

const url = 'amqp://user:password@rabbitmq-service:5672'

/** Settings that a Job passes to its workers, and whether both sides take them. */
const SETTINGS: readonly { readonly setting: string; readonly value: unknown; readonly right: boolean }[] = [
  { setting: 'concurrency', value: 1, right: true },
  { setting: 'concurrency', value: 65_535, right: true },
  { setting: 'concurrency', value: 0, right: false },
  { setting: 'concurrency', value: 65_536, right: false },
  { setting: 'concurrency', value: 100_000, right: false },
  { setting: 'concurrency', value: 1.5, right: false },
  { setting: 'empty', value: 'wait', right: true },
  { setting: 'empty', value: 'leave', right: false },
  { setting: 'emptyCheckDelayMs', value: 1, right: true },
  { setting: 'emptyCheckDelayMs', value: 0, right: false },
  { setting: 'emptyCheckDelayMs', value: 2 ** 31, right: false },
  { setting: 'idleTimeoutMs', value: 24_001, right: true },
  { setting: 'idleTimeoutMs', value: 24_000, right: false },
  { setting: 'idleTimeoutMs', value: 1000, right: false },
  { setting: 'queue', value: 'q'.repeat(250), right: true },
  { setting: 'queue', value: 'pay$$day', right: true },
  { setting: 'queue', value: 'q'.repeat(251), right: false },
  { setting: 'queue', value: 'é'.repeat(126), right: false },
  { setting: 'queue', value: 'amq.x', right: false },
  { setting: 'queue', value: '', right: false },
  { setting: 'url', value: 'amqps://user:p%23@host/%2F?heartbeat=8', right: true },
  { setting: 'url', value: 'amqp://h?foo=1', right: false },
  { setting: 'url', value: 'amqp://h?heartbeat=soon', right: false },
  { setting: 'url', value: 'amqp://h/a/b', right: false },
  { setting: 'url', value: 'amqp://user:50%@h', right: false },
  { setting: 'url', value: 'amqp://h/', right: false },
]

function builds({ setting, value }: { readonly setting: string; readonly value: unknown }): boolean {
  const queue = { name: setting === 'queue' ? value : 'job1', podUrl: setting === 'url' ? value : url }
  const worker = setting === 'queue' || setting === 'url' ? {} : { [setting]: value }
  try {
    buildJob({ name: 'job', image: 'worker:1', items: 1, queue, worker } as Parameters<typeof buildJob>[0])
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' })
    return false
  }
}

async function starts({ setting, value }: { readonly setting: string; readonly value: unknown }): Promise<boolean> {
  // A worker whose settings are right ends by the signal, before it connects.
  const options = { queue: 'job1', url, signal: AbortSignal.abort(), [setting]: value }
  const error: unknown = await consumeMany(async () => {}, options as Parameters<typeof consumeMany>[1]).catch(
    (caught: unknown) => caught,
  )
  const { code } = error as { readonly code?: string }
  return code !== 'INVALID_OPTIONS' && code !== 'BROKER_URL_INVALID'
}

test.each(SETTINGS)('$setting $value: a Job is built with it exactly when its workers take it', async (row) => {
  expect({ builds: builds(row), starts: await starts(row) }).toEqual({ builds: row.right, starts: row.right })
})
