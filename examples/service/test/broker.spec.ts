import { type Broker, startBroker } from '@internal/testing'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { createJobClient } from '@podqueue/k8s'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accepted, get, resultsOf, stage, UNTIL } from './stage.ts'

// These tests stop their broker, which would disturb other tests.
let broker: Broker

beforeAll(async () => {
  broker = await startBroker({ announce: () => {} })
}, 90_000)

afterAll(async () => {
  await broker?.close()
})

const connected = async (url: string): Promise<unknown> => [
  (await get<{ broker: { state: string } }>(url, '/readyz')).broker.state,
  /^words_broker_connected\S* (\d)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1],
]
const wordsOf = async (url: string, id: string): Promise<unknown> =>
  (await resultsOf(url, id)).map(({ value }) => (value as { words: number }).words)

test('while its broker is stopped the service says so, and a batch that runs goes on when the broker is back', async (context) => {
  const { rabbitmqctl } = broker
  if (rabbitmqctl === undefined) return context.skip('the broker is not ours')
  await using around = await stage()
  const { url, end } = await around.start({ BROKER_URL: broker.url, WORK_MS: '500' })
  await expect.poll(() => connected(url), UNTIL).toEqual(['connected', '1'])
  const id = await accepted(
    url,
    Array.from({ length: 12 }, (_, index) => 'word '.repeat(index + 1)),
    2,
  )
  await expect.poll(async () => (await get(url, `/batches/${id}`)).done, UNTIL).toBeGreaterThan(0)
  await rabbitmqctl('stop_app')
  await expect.poll(() => connected(url), UNTIL).toEqual(['away', '0'])
  expect(await get(url, `/batches/${id}`)).toMatchObject({ state: 'running' })
  await rabbitmqctl('start_app')
  await expect.poll(() => connected(url), UNTIL).toEqual(['connected', '1'])
  await expect
    .poll(() => get(url, `/batches/${id}`), UNTIL)
    .toMatchObject({ state: 'done', done: 12, dead: 0, left: 0 })
  expect(await wordsOf(url, id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect(await end('SIGTERM')).toEqual([0, null])
}, 120_000)

test('a broker that stops while nothing runs is noticed, batches are accepted meanwhile, and run when it is back', async (context) => {
  const { rabbitmqctl } = broker
  if (rabbitmqctl === undefined) return context.skip('the broker is not ours')
  await using around = await stage()
  const settings = { BROKER_URL: broker.url }
  const killed = await around.start(settings)
  await expect.poll(() => connected(killed.url), UNTIL).toEqual(['connected', '1'])
  await rabbitmqctl('stop_app')
  await expect.poll(() => connected(killed.url), UNTIL).toEqual(['away', '0'])
  const id = await accepted(killed.url, ['one', 'two words'])
  await killed.end('SIGKILL')
  // One that starts while the broker is away.
  const { url, end } = await around.start(settings)
  await expect.poll(() => connected(url), UNTIL).toEqual(['away', '0'])
  expect(await get(url, `/batches/${id}`)).toMatchObject({ endedAt: null, left: 2 })
  await rabbitmqctl('start_app')
  await expect.poll(() => connected(url), UNTIL).toEqual(['connected', '1'])
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ state: 'done', done: 2 })
  expect(await wordsOf(url, id)).toEqual([1, 2])
  expect(await end('SIGTERM')).toEqual([0, null])
}, 120_000)

test('pods that reach the broker work on while the service does not, and a Job that ends meanwhile is counted afterwards', async () => {
  await using around = await stage()
  await using proxy = await tcpProxy(broker.url)
  // An item that takes longer than a producer tries to connect, by default.
  const settings = { BROKER_URL: proxy.url, POD_BROKER_URL: broker.url, WORK_MS: '35000' }
  const { url, end } = await around.start(settings)
  const id = await accepted(url, ['two words'])
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ pods: { ready: 1 } })
  proxy.freeze()
  proxy.sever()
  await expect.poll(() => connected(url), UNTIL).toEqual(['away', '0'])
  await using jobs = createJobClient({ kubeConfig: around.cluster.kubeConfig })
  expect(await jobs.waitForJob(`${around.prefix}-${id}`)).toMatchObject({ succeeded: 1, failed: 0, runId: id })
  await expect.poll(async () => (await get(url, `/batches/${id}`)).note, UNTIL).toMatch(/whether its queue .* is empty/)
  proxy.thaw()
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ state: 'done', done: 1, note: null })
  expect(await wordsOf(url, id)).toEqual([2])
  expect(await end('SIGTERM')).toEqual([0, null])
}, 180_000)
