import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createProducer, enqueue } from '../src/index.ts'

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0, 0, 0, 0, 0])
  head.writeUInt16BE(channel, 1)
  head.writeUInt32BE(payload.length, 3)
  return Buffer.concat([head, payload, Buffer.from([0xce])])
}

function method(id: number, ...parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.alloc(4), ...parts])
  payload.writeUInt16BE(10, 0)
  payload.writeUInt16BE(id, 2)
  return frame(1, 0, payload)
}

const long = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)])
const short = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
const START = method(10, Buffer.from([0, 9]), Buffer.alloc(4), long('PLAIN'), long('en_US'))
const TUNE = method(30, Buffer.from([7, 255, 0, 2, 0, 0, 0, 0]))
const OPEN_OK = method(41, Buffer.alloc(1))

/** A peer that opens a connection as a broker does, and sends these bytes in the write of the last frame of it. */
async function peer(behind: Buffer, { inPieces = false } = {}) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let turn = 0
    socket.on('data', () => {
      const answer = [START, TUNE, Buffer.concat([OPEN_OK, behind])][turn]
      turn += 1
      if (answer === undefined) return
      if (inPieces) for (const byte of answer) socket.write(Buffer.from([byte]))
      else socket.write(answer)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `amqp://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

test.each([
  ['of no type that there is', frame(9, 0, Buffer.from('what?'))],
  ['without its end', Buffer.concat([frame(1, 0, Buffer.alloc(8)).subarray(0, -1), Buffer.from([0])])],
  ['of a method that there is not', frame(1, 0, Buffer.alloc(8, 0xff))],
  ['on a channel that nobody opened', frame(1, 7, Buffer.alloc(8))],
  ['with a size of 4 GiB', Buffer.from([1, 0, 0, 0xff, 0xff, 0xff, 0xff])],
  ['that closes the connection', method(50, Buffer.from([0x02, 0x1d]), short('INTERNAL_ERROR'), Buffer.alloc(4))],
])('a frame %s, in the write that opens the connection, ends the call and not the process', async (_, behind) => {
  await using broker = await peer(behind)
  const error = await enqueue('q', ['a'], { url: broker.url, reconnectForMs: 0 }).catch((reason) => reason)
  expect(error).toMatchObject({
    name: 'ProducerError',
    code: expect.stringMatching(/CONNECTION_LOST|BROKER_UNREACHABLE|QUEUE_UNAVAILABLE/),
  })
})

test.each([
  ['in one write', false],
  ['byte by byte', true],
])('a broker that blocks as soon as it opens a connection is heard, %s', async (_, inPieces) => {
  await using broker = await peer(method(60, short('low on memory')), { inPieces })
  const producer = createProducer({ url: broker.url })
  const blocked = once(producer as never, 'blocked')
  const call = producer.enqueue('q', ['a']).catch((reason) => reason)
  expect(await blocked).toMatchObject([{ reason: 'low on memory' }])
  await producer.close({ timeoutMs: 1 })
  expect(await call).toMatchObject({ code: 'ABORTED' })
})
