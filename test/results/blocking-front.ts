import { createServer, type Socket } from 'node:net'
import { brokerFront } from '@internal/testing/broker-front'

/** A front of a broker that speaks to clients as a broker in an alarm does, when it is told to. */
export interface BlockingFront extends AsyncDisposable {
  readonly url: string
  /** Resolves once a client has published. From then on nothing of the broker's own is passed on to it. */
  readonly published: Promise<void>
  /** Tells the client that published that its messages are not taken, or that they are again. */
  say(what: 'blocked' | 'unblocked'): void
  /** Passes on all that was held back. */
  release(): void
}

/** `connection.blocked` with an empty reason, and `connection.unblocked` (https://www.rabbitmq.com/docs/connection-blocked). */
const FRAMES = {
  blocked: Buffer.from([1, 0, 0, 0, 0, 0, 5, 0, 10, 0, 60, 0, 0xce]),
  unblocked: Buffer.from([1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 61, 0xce]),
}
/** The class and method of `basic.publish`, behind the size of its frame. */
const PUBLISH = Buffer.from([0, 60, 0, 40])

export async function blockingFront(target: string): Promise<BlockingFront> {
  const published = Promise.withResolvers<void>()
  let publisher: Socket | undefined
  let held: Buffer[] | undefined
  const front = await brokerFront(target, createServer, (client, broker) => {
    client.on('data', (piece: Buffer) => {
      if (publisher === undefined && piece.includes(PUBLISH)) {
        publisher = client
        held = []
        published.resolve()
      }
      broker.write(piece)
    })
    broker.on('data', (piece: Buffer) => {
      if (client === publisher && held !== undefined) held.push(piece)
      else client.write(piece)
    })
  })
  return {
    url: Object.assign(new URL(target), { host: `127.0.0.1:${front.port}` }).href,
    published: published.promise,
    say: (what) => void publisher?.write(FRAMES[what]),
    release: () => {
      for (const piece of held ?? []) publisher?.write(piece)
      held = undefined
    },
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  }
}
