import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A proxy in front of a broker that lets the first delivery through only behind the answer to a cancel. */
export interface LateDelivery extends AsyncDisposable {
  readonly url: string
}

const METHOD = 1
const DELIVER = '60/60'
const CANCEL_OK = '60/31'

/** What a quorum queue may do by itself, whose leader hears of a cancel later than the channel answers it: here it always does. */
export async function lateDelivery(target: string): Promise<LateDelivery> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let isFirst = true
  const server = createServer((client) => {
    const broker = connect({ port: Number(port || 5672), host: hostname, noDelay: true })
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
    client.pipe(broker)
    let rest: Buffer = Buffer.alloc(0)
    let held: Buffer[] | undefined
    let isHolding = false
    broker.on('data', (piece: Buffer) => {
      rest = Buffer.concat([rest, piece])
      for (let frame = firstFrame(rest); frame !== undefined; frame = firstFrame(rest)) {
        rest = rest.subarray(frame.length)
        const method = methodOf(frame)
        if (isFirst && method === DELIVER) {
          isFirst = false
          held = []
        }
        // A delivery is its method and what follows that is none: no other method comes in between on a channel.
        isHolding = held !== undefined && (method === DELIVER || (isHolding && method === undefined))
        if (isHolding) held?.push(frame)
        else client.write(frame)
        if (method !== CANCEL_OK) continue
        for (const late of held ?? []) client.write(late)
        held = undefined
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: Object.assign(new URL(target), { host: `127.0.0.1:${(server.address() as AddressInfo).port}` }).href,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function firstFrame(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 7) return undefined
  const length = bytes.readUInt32BE(3) + 8
  return bytes.length < length ? undefined : bytes.subarray(0, length)
}

/** Class and method of a method frame; undefined for all others. */
function methodOf(frame: Buffer): string | undefined {
  return frame[0] === METHOD ? `${frame.readUInt16BE(7)}/${frame.readUInt16BE(9)}` : undefined
}
