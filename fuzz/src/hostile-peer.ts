import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { PASSWORD } from './secrets.ts'

/** One thing that a peer does: send bytes, or end the connection. */
export type Move = { readonly send: Uint8Array } | { readonly end: 'close' | 'reset' }

/** A frame of AMQP 0-9-1 around a payload, with a length or an end byte that may be wrong. */
function frame(type: number, channel: number, payload: Uint8Array, length = payload.length, end = 0xce): Uint8Array {
  const head = Buffer.alloc(7)
  head.writeUInt8(type, 0)
  head.writeUInt16BE(channel, 1)
  head.writeUInt32BE(length >>> 0, 3)
  return Buffer.concat([head, payload, Buffer.of(end)])
}

function method(classId: number, methodId: number, args: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(classId, 0)
  head.writeUInt16BE(methodId, 2)
  return Buffer.concat([head, args])
}

function longString(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  const head = Buffer.alloc(4)
  head.writeUInt32BE(bytes.length)
  return Buffer.concat([head, bytes])
}

function shortString(text: string): Uint8Array {
  const bytes = Buffer.from(text).subarray(0, 255)
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

const START = frame(
  1,
  0,
  method(10, 10, Buffer.concat([Buffer.of(0, 9, 0, 0, 0, 0), longString('PLAIN AMQPLAIN'), longString('en_US')])),
)
const TUNE = frame(1, 0, method(10, 30, Buffer.of(7, 255, 0, 2, 0, 0, 0, 60)))
const OPEN_OK = frame(1, 0, method(10, 41, Buffer.of(0)))
const CHANNEL_OK = frame(1, 1, method(20, 11, Buffer.of(0, 0, 0, 0)))
const closing = (code: number, text: string): Uint8Array =>
  frame(
    1,
    0,
    method(10, 50, Buffer.concat([Buffer.of(code >> 8, code & 255), shortString(text), Buffer.of(0, 0, 0, 0)])),
  )

const bytes = fc.uint8Array({ maxLength: 64 })
const anyFrame = fc
  .record({
    type: fc.constantFrom(1, 2, 3, 8, 0, 255),
    channel: fc.constantFrom(0, 1, 2, 65535),
    payload: fc.oneof(
      bytes,
      fc
        .record({
          classId: fc.constantFrom(10, 20, 40, 50, 60, 85, 90, 999),
          methodId: fc.integer({ min: 10, max: 121 }),
          args: bytes,
        })
        .map(({ classId, methodId, args }) => method(classId, methodId, args)),
    ),
    lie: fc.constantFrom(0, 0, 0, 1, -1, 2 ** 31, 2 ** 32 - 1),
    end: fc.constantFrom(0xce, 0xce, 0xce, 0),
  })
  .map(({ type, channel, payload, lie, end }) => frame(type, channel, payload, payload.length + lie, end))

const send = (data: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Move> => data.map((value) => ({ send: value }))
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: send(anyFrame) },
  { weight: 1, arbitrary: send(bytes) },
  {
    weight: 2,
    arbitrary: send(
      fc.constantFrom(
        START,
        TUNE,
        OPEN_OK,
        CHANNEL_OK,
        Buffer.from('AMQP\0\0\x09\x01'),
        Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
      ),
    ),
  },
  {
    weight: 2,
    arbitrary: send(
      fc.constantFrom(
        ...[200, 320, 403, 404, 501, 530, 541].map((code) =>
          closing(code, `\x1b]0;x\x07 for amqp://app:${PASSWORD}@rabbit`),
        ),
      ),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<Move>({ end: 'close' }, { end: 'reset' }) },
)

/** The beginning of a real broker, and then anything; or anything from the beginning. */
export const script: fc.Arbitrary<readonly Move[]> = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.array(move, { maxLength: 8 }))
  .map(([real, moves]) => [
    ...[START, TUNE, OPEN_OK, CHANNEL_OK].slice(0, real).map((data) => ({ send: data })),
    ...moves,
  ])

/** A server that plays a script to each client: a move for each piece that it hears, and the rest when it hears no more. */
export async function startHostilePeer(): Promise<HostilePeer> {
  const sockets = new Set<Socket>()
  let moves: readonly Move[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    let at = 0
    const next = (): void => {
      const one = moves[at++]
      if (one === undefined) return
      if ('send' in one) socket.write(one.send)
      else if (one.end === 'close') socket.end()
      else socket.resetAndDestroy()
    }
    // The rest follows at once in one write, as a peer does that does not listen.
    const rest = (): void => {
      while (at < moves.length && !socket.destroyed) next()
      if (!socket.destroyed) socket.end()
    }
    let quiet: NodeJS.Timeout | undefined
    socket.on('data', () => {
      next()
      clearTimeout(quiet)
      quiet = setTimeout(rest, 20)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(quiet)
      sockets.delete(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `amqp://app:${PASSWORD}@127.0.0.1:${port}`,
    play: (script) => {
      moves = script
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export interface HostilePeer extends AsyncDisposable {
  readonly url: string
  play(script: readonly Move[]): void
}
