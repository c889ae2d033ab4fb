import { DatabaseSync } from 'node:sqlite'
import { startBroker } from '@internal/testing'
import { brokerUrl } from '@internal/testing/broker-url'
import { inspectQueue } from '@podqueue/producer'
import { expect, test } from 'vitest'
import { accepted, get, stage, UNTIL } from './stage.ts'

/** One second. */
const SHORT = { KEEP_HOURS: String(1 / 3_600) }
const statusOf = async (url: string, id: string): Promise<number> => (await fetch(`${url}/batches/${id}`)).status

test('batches that ended are deleted when their time is over, and none before its end', async () => {
  await using around = await stage()
  const { url, end } = await around.start()
  const old = await accepted(url, ['two words', '!!!'])
  around.sweep(old)
  await expect.poll(() => get(url, `/batches/${old}`), UNTIL).toMatchObject({ state: 'done', canRetry: true })
  await end('SIGTERM')

  const again = await around.start({ ...SHORT, WORK_MS: '60000' })
  const running = await accepted(again.url, ['one'])
  around.sweep(running)
  await expect.poll(() => statusOf(again.url, old), UNTIL).toBe(404)
  const age = async () => Date.now() - Date.parse((await get(again.url, `/batches/${running}`)).createdAt)
  await expect.poll(age, UNTIL).toBeGreaterThan(3_000)
  expect(await get(again.url, `/batches/${running}`)).toMatchObject({ state: 'running' })
  await fetch(`${again.url}/batches/${running}/cancel`, { method: 'POST' })
  await expect.poll(() => get(again.url, '/batches'), UNTIL).toEqual({ batches: [] })
  expect(await again.end('SIGTERM')).toEqual([0, null])

  for (const id of [old, running]) {
    const looking = inspectQueue(`${around.prefix}-${id}`, { url: brokerUrl() }).catch((error) => error.code)
    expect(await looking).toBe('QUEUE_NOT_FOUND')
  }
  using database = new DatabaseSync(around.database)
  for (const table of ['batches', 'items', 'pod_failures'])
    expect([table, database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()]).toEqual([table, { rows: 0 }])
})

test('a queue that could not be deleted at the end of its batch is deleted with the batch', async (context) => {
  await using broker = await startBroker({ announce: () => {} })
  const { rabbitmqctl } = broker
  if (rabbitmqctl === undefined) return context.skip('the broker is not ours')
  const { username } = new URL(broker.url)
  await using around = await stage()
  const { url, end } = await around.start({ ...SHORT, BROKER_URL: broker.url, WORK_MS: '1000' })
  const id = await accepted(url, ['two words'])
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ pods: { ready: 1 } })
  // Deleting takes the right to configure.
  await rabbitmqctl('set_permissions', username, '^$', '.*', '.*')
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ state: 'done', done: 1, canRetry: false })
  expect(await inspectQueue(`${around.prefix}-${id}`, { url: broker.url })).toMatchObject({ ready: 0 })
  await rabbitmqctl('set_permissions', username, '.*', '.*', '.*')
  await expect.poll(() => statusOf(url, id), UNTIL).toBe(404)
  const looking = inspectQueue(`${around.prefix}-${id}`, { url: broker.url }).catch((error) => error.code)
  expect(await looking).toBe('QUEUE_NOT_FOUND')
  expect(await end('SIGTERM')).toEqual([0, null])
}, 120_000)
