import { createJobClient } from '@podqueue/k8s'
import { expect, test } from 'vitest'
import type { Batch } from '../store.ts'
import { accepted, get, post, resultsOf, stage, UNTIL } from './stage.ts'

test('a service that is killed while its pods work goes on with the same Job when it is started again', async () => {
  await using around = await stage()
  const killed = await around.start({ WORK_MS: '500' })
  const texts = Array.from({ length: 8 }, (_, index) => 'word '.repeat(index + 1))
  const id = await accepted(killed.url, texts, 2)
  around.sweep(id)
  await expect.poll(async () => (await get(killed.url, `/batches/${id}`)).done, UNTIL).toBeGreaterThan(0)
  expect(await killed.end('SIGKILL')).toEqual([null, 'SIGKILL'])

  const again = await around.start()
  expect(again.line).toContain('batches to go on with: 1')
  await expect
    .poll(() => get(again.url, `/batches/${id}`), UNTIL)
    .toMatchObject({ state: 'done', done: 8, dead: 0, left: 0 })
  const counts = (await resultsOf(again.url, id)).map(({ value }) => (value as { words: number }).words)
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  // Another Job of that name would have a run id of its own.
  await using jobs = createJobClient({ kubeConfig: around.cluster.kubeConfig })
  expect(await jobs.waitForJob(`${around.prefix}-${id}`)).toMatchObject({ runId: id, failed: 0 })
  expect(await again.end('SIGTERM')).toEqual([0, null])
})

const BATCHES = 50
const ITEMS = 4

test('50 batches at once, and the service killed in between: none is lost and none is doubled', async () => {
  await using around = await stage()
  const killed = await around.start()
  // A client that gets no answer cannot know whether its batch was accepted: it asks again with the same key.
  const postUntilAnswered = async (batch: number): Promise<string> => {
    const items = Array.from({ length: ITEMS }, (_, index) => 'word '.repeat(batch + index + 1))
    for (;;) {
      const answer = await post(killed.url, { items, parallelism: 1 }, { 'idempotency-key': `batch ${batch}` }).catch(
        () => undefined,
      )
      if (answer?.status === 202) return ((await answer.json()) as Batch).id
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const half = Array.from({ length: BATCHES / 2 }, (_, batch) => postUntilAnswered(batch))
  for (const id of await Promise.all(half)) around.sweep(id)
  const rest = Array.from({ length: BATCHES / 2 }, (_, batch) => postUntilAnswered(BATCHES / 2 + batch))
  const list = () => get<{ batches: Batch[] }>(killed.url, '/batches?limit=1000').then(({ batches }) => batches)
  await expect.poll(async () => (await list()).some(({ done }) => done > 0), UNTIL).toBe(true)
  const before = await list()
  await killed.end('SIGKILL')

  const again = await around.start()
  const ids = await Promise.all([...half, ...rest])
  for (const id of ids) around.sweep(id)
  await expect.poll(async () => (await list()).filter(({ endedAt }) => endedAt === null).length, UNTIL).toBe(0)
  const after = await list()
  const results = await Promise.all(ids.map((id) => resultsOf(again.url, id)))
  const right = results.flatMap((ofBatch, batch) =>
    ofBatch.filter(({ index, value }) => (value as { words: number }).words === batch + index + 1),
  )
  const counted = after.reduce((sum, { done }) => sum + done, 0)
  const ledger = {
    posted: BATCHES,
    accepted: new Set(ids).size,
    endedBeforeTheKill: before.filter(({ endedAt }) => endedAt !== null).length,
    ended: after.filter(({ state }) => state === 'done').length,
    items: BATCHES * ITEMS,
    done: right.length,
    lost: BATCHES * ITEMS - right.length,
    doubledBatches: after.length - BATCHES,
    doubledItems: counted - right.length,
  }
  process.stdout.write(`${JSON.stringify(ledger)}\n`)
  expect(ledger).toMatchObject({ accepted: 50, ended: 50, done: 200, lost: 0, doubledBatches: 0, doubledItems: 0 })
  expect(await again.end('SIGTERM')).toEqual([0, null])
})
