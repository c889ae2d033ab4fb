import { connect } from 'amqplib'

/** The content of a queue, body by body, as seen by a client that is not podqueue. */
export interface ItemsInQueue {
  /** How often each body was there. */
  readonly bodies: ReadonlyMap<string, number>
  readonly total: number
  /** Copies beyond the first of each. */
  readonly duplicates: number
  /** The message ids of each body. */
  readonly ids: ReadonlyMap<string, ReadonlySet<string>>
}

/** Takes everything out of a queue. Nobody else may use it. */
export async function takeAll(url: string, queue: string): Promise<ItemsInQueue> {
  const connection = await connect(url)
  const channel = await connection.createChannel()
  const bodies = new Map<string, number>()
  const ids = new Map<string, Set<string>>()
  let total = 0
  await channel.prefetch(1_000)
  await channel.consume(queue, (message) => {
    if (message === null) return
    const body = message.content.toString()
    total += 1
    bodies.set(body, (bodies.get(body) ?? 0) + 1)
    ids.set(body, (ids.get(body) ?? new Set()).add(String(message.properties.messageId)))
    // Many at a time: a channel holds acks of a quorum queue back when there are too many, and loses them when it closes.
    if (total % 100 === 0) channel.ack(message, true)
  })
  // The consumer holds what is not ready: only with nothing at all for a while is it empty.
  for (let quiet = 0, seen = 0; quiet < 5; ) {
    const { messageCount } = await channel.checkQueue(queue)
    quiet = messageCount === 0 && total === seen ? quiet + 1 : 0
    seen = total
  }
  channel.ackAll()
  await channel.close()
  await connection.close()
  return { bodies, total, duplicates: total - bodies.size, ids }
}

/** The ledger of a run: every number from 0 up to `count` is there as a body; returns those that are not. */
export function missing({ bodies }: ItemsInQueue, count: number): number[] {
  return Array.from({ length: count }, (_, index) => index).filter((index) => !bodies.has(String(index)))
}
