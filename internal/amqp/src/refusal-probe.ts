import type { Socket } from 'node:net'
import { within } from '@internal/async'
import type { BrokerAddress } from '@internal/contract'
import { showText } from '@internal/errors'
import type { TlsOptions } from './tls-options.ts'

const METHOD_FRAME = 1
const FRAME_END = 0xce
const FRAME_OVERHEAD = 8
/** Class and method of the frames that open a connection (https://www.rabbitmq.com/amqp-0-9-1-reference). */
const START = 0x000a_000a
const START_OK = 0x000a_000b
const TUNE = 0x000a_001e
const TUNE_OK = 0x000a_001f
const OPEN = 0x000a_0028
const CLOSE = 0x000a_0032
const CLOSE_OK = 0x000a_0033
/** More than the frames of an opening have. */
const MOST_BYTES = 65_536

/**
 * Opens a connection once more, by hand, to read the words with which the broker refuses the vhost: amqplib drops them, and they
 * tell a limit, which heals, from a vhost that does not exist.
 *
 * @returns the words; undefined when the broker accepts the vhost now, or does not answer in time
 */
export async function refusalWords(
  address: BrokerAddress,
  tls: TlsOptions | undefined,
  timeoutMs: number,
): Promise<string | undefined> {
  const socket = await openSocket(address, tls)
  try {
    const words = await within(openByHand(socket, address), timeoutMs)
    return typeof words === 'string' ? showText(words) : undefined
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

/** Loads the modules only here: each start of a worker would pay for them. */
async function openSocket(address: BrokerAddress, tls: TlsOptions | undefined): Promise<Socket> {
  const to = { host: address.hostname, port: address.port, noDelay: true }
  if (!address.tls) return (await import('node:net')).connect(to)
  return (await import('node:tls')).connect({ servername: address.hostname, ...tls, ...to })
}

async function openByHand(socket: Socket, { username, password, vhost }: BrokerAddress): Promise<string | undefined> {
  socket.write('AMQP\u0000\u0000\u0009\u0001', 'latin1')
  let received = Buffer.alloc(0)
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer])
    if (received.length > MOST_BYTES) return undefined
    for (let end = frameEnd(received); end <= received.length; end = frameEnd(received)) {
      const payload = received.subarray(7, end - 1)
      received = received.subarray(end)
      switch (payload.readUInt32BE(0)) {
        case START: {
          const response = `\0${username ?? 'guest'}\0${username === undefined ? 'guest' : (password ?? '')}`
          const emptyTable = Buffer.alloc(4)
          send(socket, START_OK, emptyTable, short('PLAIN'), long(response), short('en_US'))
          break
        }
        case TUNE:
          send(socket, TUNE_OK, payload.subarray(4, 12))
          send(socket, OPEN, short(vhost), short(''), Buffer.alloc(1))
          break
        case CLOSE: {
          send(socket, CLOSE_OK)
          const length = payload.readUInt8(6)
          return payload.toString('utf8', 7, 7 + length)
        }
        default:
          return undefined
      }
    }
  }
  return undefined
}

/** Where the first frame ends; beyond the bytes when it is not whole. */
function frameEnd(bytes: Buffer): number {
  return bytes.length < 7 ? Number.POSITIVE_INFINITY : bytes.readUInt32BE(3) + FRAME_OVERHEAD
}

function send(socket: Socket, method: number, ...parts: readonly Buffer[]): void {
  const payload = Buffer.concat([Buffer.alloc(4), ...parts])
  payload.writeUInt32BE(method)
  const head = Buffer.alloc(7)
  head[0] = METHOD_FRAME
  head.writeUInt32BE(payload.length, 3)
  socket.write(Buffer.concat([head, payload, Buffer.from([FRAME_END])]))
}

function short(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

function long(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
