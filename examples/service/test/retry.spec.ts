import { brokerUrl } from '@internal/testing/broker-url'
import { inspectQueue } from '@podqueue/producer'
import { expect, test } from 'vitest'
import { accepted, failuresOf, get, resultsOf, stage, UNTIL } from './stage.ts'

const retry = (url: string, id: string): Promise<Response> => fetch(`${url}/batches/${id}/retry`, { method: 'POST' })
const refusal = async (answer: Response): Promise<unknown> => [
  answer.status,
  ((await answer.json()) as { error: { code: string } }).error.code,
]

test('the items that failed, and no others, are run again after the worker is mended, also when the service is killed meanwhile', async () => {
  await using around = await stage()
  const { url, end } = await around.start()
  const id = await accepted(url, ['!!!', 'two words', '?', 'and three more'])
  around.sweep(id)
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ canRetry: true, done: 2, dead: 2 })
  await end('SIGKILL')

  const mended = { WORKER_IMAGE: 'podqueue-words:mended' }
  const killed = await around.start(mended)
  expect(await get(url, `/batches/${id}`)).toMatchObject({ state: 'done', canRetry: true, done: 2, dead: 2 })
  const answer = await retry(url, id)
  expect([answer.status, await answer.json()]).toMatchObject([202, { id, run: 2, done: 2, dead: 0, left: 2 }])
  // A second click makes no second run.
  expect(await refusal(await retry(url, id))).toEqual([409, 'BATCH_NOT_ENDED'])
  await killed.end('SIGKILL')

  const again = await around.start(mended)
  const over = { state: 'done', run: 2, done: 4, dead: 0, left: 0, canRetry: false }
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject(over)
  expect(await failuresOf(url, id)).toEqual([])
  expect(await resultsOf(url, id)).toEqual([
    { index: 0, item: '!!!', value: { length: 3 } },
    { index: 1, item: 'two words', value: { words: 2, longest: 'words' } },
    { index: 2, item: '?', value: { length: 1 } },
    { index: 3, item: 'and three more', value: { words: 3, longest: 'three' } },
  ])
  expect(await refusal(await retry(url, id))).toEqual([409, 'NOTHING_TO_RETRY'])
  expect((await retry(url, 'none')).status).toBe(404)
  const looking = () => inspectQueue(`${around.prefix}-${id}`, { url: brokerUrl() }).catch((error) => error.code)
  await expect.poll(looking, UNTIL).toBe('QUEUE_NOT_FOUND')
  expect(await again.end('SIGTERM')).toEqual([0, null])
})

test('a batch that runs is not retried, and one that was cancelled does the rest of its items', async () => {
  await using around = await stage()
  const { url, end } = await around.start({ WORK_MS: '60000' })
  const id = await accepted(url, ['one', 'two words'])
  around.sweep(id)
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ pods: { ready: 1 } })
  expect(await refusal(await retry(url, id))).toEqual([409, 'BATCH_NOT_ENDED'])
  await fetch(`${url}/batches/${id}/cancel`, { method: 'POST' })
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ state: 'cancelled', canRetry: true })
  expect(await end('SIGTERM')).toEqual([0, null])

  const again = await around.start()
  expect((await retry(url, id)).status).toBe(202)
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ state: 'done', run: 2, done: 2 })
  expect(await again.end('SIGTERM')).toEqual([0, null])
})
