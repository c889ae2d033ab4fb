/**
 * A service that renders batches of frames, one batch after the other. Killed at any moment and started again, it goes on with
 * what it had accepted.
 *
 *     POST /batches        ["frame-1", "frame-2", …]   202 and the batch's id
 *     GET  /batches/ID                                 200 and what is known of it
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createJobClient } from '@podqueue/k8s'
import { createProducer } from '@podqueue/producer'
import { openBatchStore } from './batch-store.ts'
import { renderBatch } from './render-batch.ts'

const {
  PORT = '8080',
  BATCHES_FOLDER = 'batches',
  FRAMES_FOLDER = 'frames',
  QUEUE: queue = 'frames',
  WORKER_IMAGE = 'podqueue-frames',
  POD_BROKER_URL = process.env.BROKER_URL ?? '',
} = process.env

const ended = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort())

const store = await openBatchStore(BATCHES_FOLDER)
const producer = createProducer()
const jobs = createJobClient()
const renderer = {
  store,
  producer,
  jobs,
  queue,
  image: WORKER_IMAGE,
  podUrl: POD_BROKER_URL,
  framesFolder: FRAMES_FOLDER,
}

const waiting = await store.unfinished()
let wake = (): void => {}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error)
    reply(response, 500, { error: 'The request failed.' })
  })
})
server.listen(Number(PORT), '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
console.log(`listening on http://127.0.0.1:${port}, batches to go on with: ${waiting.length}`)

try {
  await renderAll()
} finally {
  server.closeAllConnections()
  server.close()
  await Promise.all([jobs.close(), producer.close()])
}

async function renderAll(): Promise<void> {
  while (!ended.signal.aborted) {
    const [id] = waiting
    if (id === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve
        ended.signal.addEventListener('abort', () => resolve(), { once: true })
      })
      continue
    }
    try {
      await renderBatch(id, renderer, ended.signal)
      waiting.shift()
    } catch (error) {
      if (!ended.signal.aborted) throw error
    }
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = /^\/batches\/([a-z0-9-]+)$/.exec(request.url ?? '')?.[1]
  if (request.method === 'POST' && request.url === '/batches') {
    const frames = await json(request).catch(() => undefined)
    if (!isFrames(frames)) {
      reply(response, 400, { error: 'The body must be a JSON list of names of frames: letters, digits and hyphens.' })
      return
    }
    // It begins with the time, so that ids sort by age, and is a DNS label, so that it can be a run id.
    const batch = `${Date.now().toString(36)}-${randomUUID().slice(0, 8)}`
    await store.add(batch, frames)
    waiting.push(batch)
    wake()
    reply(response, 202, { id: batch })
  } else if (request.method === 'GET' && id !== undefined) {
    const end = await store.ended(id)
    if (end !== undefined) reply(response, 200, end)
    else if (waiting.includes(id)) reply(response, 200, { state: waiting[0] === id ? 'rendering' : 'waiting' })
    else reply(response, 404, { error: `There is no batch ${id}.` })
  } else {
    reply(response, 404, { error: 'There are POST /batches and GET /batches/ID.' })
  }
}

function isFrames(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && /^[\w-]+$/.test(name))
  )
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
