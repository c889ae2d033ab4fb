import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { brokerUrl } from '@internal/testing/broker-url'
import { createJobClient } from '@podqueue/k8s'
import { inspectQueue } from '@podqueue/producer'
import { expect, test } from 'vitest'
import type { Batch } from '../store.ts'
import { accepted, failuresOf, get, post, resultsOf, stage, UNTIL } from './stage.ts'

test('a batch that is posted is done, and its state, results and failures can be asked for', async () => {
  await using around = await stage()
  const { url, end } = await around.start()
  const id = await accepted(url, ['the quick brown fox', '!!!', 'Straße, naïve café'])
  around.sweep(id)
  await expect
    .poll(() => get(url, `/batches/${id}`), UNTIL)
    .toMatchObject({ state: 'done', total: 3, done: 2, dead: 1, left: 0 })
  expect(await resultsOf(url, id)).toEqual([
    { index: 0, item: 'the quick brown fox', value: { words: 4, longest: 'quick' } },
    { index: 2, item: 'Straße, naïve café', value: { words: 3, longest: 'Straße' } },
  ])
  expect(await get(url, `/batches/${id}/results?limit=1`)).toMatchObject({ results: [{ index: 0 }], next: 0 })
  expect(await get(url, `/batches/${id}/results?limit=1&after=0`)).toMatchObject({ results: [{ index: 2 }], next: 2 })
  expect(await get(url, `/batches/${id}/results?limit=1&after=2`)).toEqual({ results: [], next: null })
  expect(await failuresOf(url, id)).toEqual([
    { of: 'item', index: 1, item: '!!!', reason: 'There is no word in this text.' },
  ])
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toMatch(/messaging_client_sent_messages\S*destination_name="\S+ 3\n/)
  expect(metrics).toMatch(/podqueue_job\S+/)
  // Nothing stays on the broker.
  const looking = () => inspectQueue(`${around.prefix}-${id}`, { url: brokerUrl() }).catch((error) => error.code)
  await expect.poll(looking, UNTIL).toBe('QUEUE_NOT_FOUND')
  const removing = async () => (await fetch(`${url}/batches/${id}`, { method: 'DELETE' })).status
  await expect.poll(removing, UNTIL).toBe(204)
  expect((await fetch(`${url}/batches/${id}`)).status).toBe(404)
  expect(await end('SIGTERM')).toEqual([0, null])
})

test('bad requests are answered by what is wrong with them, and make no batch', async () => {
  await using around = await stage()
  const { url, end } = await around.start()
  const wrong: readonly (readonly [unknown, number, string, RegExp])[] = [
    ['{"items": [', 400, 'NOT_JSON', /JSON/],
    [{}, 400, 'INVALID_REQUEST', /'items'/],
    [{ items: [] }, 400, 'INVALID_REQUEST', /items.*fewer than 1/],
    [{ items: ['a', 3] }, 400, 'INVALID_REQUEST', /items\/1 must be string/],
    [{ items: ['a'], parallelism: '2' }, 400, 'INVALID_REQUEST', /parallelism must be integer/],
    [{ items: ['a'], parallelism: 17 }, 400, 'INVALID_REQUEST', /parallelism must be <= 16/],
    [{ items: ['a'], pods: 3 }, 400, 'INVALID_REQUEST', /additional properties/],
    [{ items: Array.from({ length: 10_001 }, () => 'a') }, 400, 'INVALID_REQUEST', /more than 10000 items/],
    [{ items: ['a'.repeat(10_001)] }, 400, 'INVALID_REQUEST', /more than 10000 characters/],
  ]
  for (const [body, status, code, message] of wrong) {
    const answer = await post(url, body)
    expect([answer.status, await answer.json()]).toEqual([
      status,
      { error: { code, message: expect.stringMatching(message) } },
    ])
  }
  // It is refused by its length alone: a client that goes on to write may find its connection closed.
  const tooLarge = request(`${url}/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': 17 * 1024 * 1024 },
  })
  tooLarge.flushHeaders()
  const [refusal] = (await once(tooLarge, 'response')) as [IncomingMessage]
  expect([refusal.statusCode, await json(refusal)]).toMatchObject([413, { error: { code: 'BODY_TOO_LARGE' } }])
  tooLarge.on('error', () => {}).destroy()
  const asForm = await fetch(`${url}/batches`, {
    method: 'POST',
    body: 'items=a',
    headers: { 'content-type': 'text/plain' },
  })
  expect([asForm.status, await asForm.json()]).toMatchObject([415, { error: { code: 'NOT_JSON' } }])
  for (const path of [
    '/batches/none',
    '/batches/none/events',
    '/batches/%2e%2e%2fstore.ts',
    '/nothing',
    '/batches/none/picture.svg',
  ])
    expect((await fetch(url + path)).status, path).toSatisfy((status) => status === 404 || status === 400)
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'other=1'])
    expect((await fetch(`${url}/batches?${query}`)).status, query).toBe(400)
  expect(await get(url, '/batches')).toEqual({ batches: [] })
  expect(await get(url, '/healthz')).toEqual({ status: 'ok' })
  expect(await get(url, '/readyz')).toMatchObject({ status: 'ok', waiting: 0 })
  expect(await end('SIGTERM')).toEqual([0, null])
})

test('a batch that is cancelled ends as cancelled, with its Job and its queue gone, also when the service is killed meanwhile', async () => {
  await using around = await stage()
  const { cluster, prefix, start, sweep } = around
  const slow = { WORK_MS: '60000', AT_ONCE: '2' }
  const { url, end } = await start(slow)
  const [first, second, third] = [
    await accepted(url, ['one']),
    await accepted(url, ['two']),
    await accepted(url, ['three']),
  ]
  for (const id of [first, second, third]) sweep(id)
  for (const id of [first, second])
    await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ pods: { ready: 1 } })
  const cancel = (id: string) => fetch(`${url}/batches/${id}/cancel`, { method: 'POST' })

  expect((await fetch(`${url}/batches/${first}`, { method: 'DELETE' })).status).toBe(409)
  // One that waits for its turn never starts.
  expect(await (await cancel(third)).json()).toMatchObject({ state: 'cancelled', startedAt: null })
  expect((await cancel(first)).status).toBe(202)
  await expect.poll(() => get(url, `/batches/${first}`), UNTIL).toMatchObject({ state: 'cancelled', left: 1 })
  expect((await cancel(first)).status).toBe(409)
  const cancelling = cancel(second).catch(() => undefined)
  await expect.poll(() => get(url, `/batches/${second}`), UNTIL).not.toMatchObject({ state: 'running' })
  await end('SIGKILL')
  await cancelling

  const again = await start(slow)
  await expect.poll(() => get(again.url, `/batches/${second}`), UNTIL).toMatchObject({ state: 'cancelled' })
  await using jobs = createJobClient({ kubeConfig: cluster.kubeConfig })
  for (const id of [first, second]) {
    const code = (error: { code: string }) => error.code
    await expect.poll(() => jobs.waitForJob(`${prefix}-${id}`).catch(code), UNTIL).toMatch(/^JOB_(NOT_FOUND|DELETED)$/)
    const looking = () => inspectQueue(`${prefix}-${id}`, { url: brokerUrl() }).catch(code)
    await expect.poll(looking, UNTIL).toBe('QUEUE_NOT_FOUND')
  }
  expect(await again.end('SIGTERM')).toEqual([0, null])
})

test('server-sent events tell how a batch is and each change up to its end, and end with the service', async () => {
  await using around = await stage()
  const { url, end } = await around.start()
  const listening = new AbortController()
  const answer = await fetch(`${url}/events`, { signal: listening.signal })
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  const id = await accepted(url, ['one', 'two words'])
  around.sweep(id)
  const seen: Batch[] = []
  const reader = answer.body?.getReader()
  const decoder = new TextDecoder()
  for (let text = ''; seen.at(-1)?.state !== 'done'; ) {
    const frames = (text + decoder.decode((await reader?.read())?.value, { stream: true })).split('\n\n')
    text = frames.pop() ?? ''
    for (const frame of frames) if (frame.startsWith('event: batch\ndata: ')) seen.push(JSON.parse(frame.slice(19)))
  }
  listening.abort()
  expect(seen.at(-1)).toMatchObject({ id, done: 2, left: 0 })
  expect(seen.map(({ state }) => state)).toContain('running')
  const open = await (await fetch(`${url}/batches/${id}/events`)).body?.getReader()
  for (let text = ''; !text.includes(`"id":"${id}"`); ) text += decoder.decode((await open?.read())?.value)
  expect(await end('SIGTERM')).toEqual([0, null])
  expect((await open?.read())?.done).toBe(true)
})

test('a second service over the same database is refused', async () => {
  await using around = await stage()
  const first = await around.start()
  await expect(around.start({ PORT: '0' })).rejects.toThrow('The service ended with 1.')
  expect(await first.end('SIGTERM')).toEqual([0, null])
})
