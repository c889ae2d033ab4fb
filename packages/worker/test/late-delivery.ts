import { createServer } from 'node:net'
import { brokerFront } from '@internal/testing/broker-front'

/** A proxy in front of a broker that lets the first delivery through only behind the answer to a cancel. */
export interface LateDelivery extends AsyncDisposable {
  readonly url: string
}

const METHOD = 1
const DELIVER = '60/60'
const CANCEL_OK = '60/31'

/** A quorum queue may do this by itself: its leader may hear of a cancel after the channel has answered it. Here it always does. */
export async function lateDelivery(target: string): Promise<LateDelivery> {
  let isFirst = true
  const front = await brokerFront(target, createServer, (client, broker) => {
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
        // A delivery is its method and the frames that follow up to the next method of the channel.
        isHolding = held !== undefined && (method === DELIVER || (isHolding && method === undefined))
        if (isHolding) held?.push(frame)
        else client.write(frame)
        if (method !== CANCEL_OK) continue
        for (const late of held ?? []) client.write(late)
        held = undefined
      }
    })
  })
  return {
    url: Object.assign(new URL(target), { host: `127.0.0.1:${front.port}` }).href,
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
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
