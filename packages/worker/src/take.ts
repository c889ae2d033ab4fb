import type { Channel } from 'amqplib'
import { type Link, shownBroker } from './broker.ts'
import type { Consumer } from './consumer.ts'
import { isBelievable, nextStep, type Reading } from './empty-rule.ts'
import { WorkerError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'

/** How waiting for an item ended; `lost` is the consumer's own signal's business. */
export type Take = 'taken' | 'empty' | 'lost' | 'aborted'

/** A random wait of idle workers between looks, so that they do not all look at the same moment. */
const ASIDE_MS = { min: 200, max: 1_200 }

/** Pause before the next look, where a look proved nothing or an item is on its way. */
const LOOK_AGAIN_MS = 250

/** Waits for one item, or until the queue is known to be empty. */
export async function take(link: Link, consumer: Consumer, prefetch: number, options: ResolvedOptions): Promise<Take> {
  const { signal, empty, logger, queue } = options
  await consumer.start(prefetch)
  if (empty === 'wait') {
    await consumer.next(Number.POSITIVE_INFINITY, signal)
    return ended(consumer, signal) ?? 'lost'
  }
  const look = looker(link, queue)
  const giveUpAt = performance.now() + options.idleTimeoutMs
  let waitMs = options.emptyAfterMs
  for (;;) {
    await consumer.next(waitMs, signal)
    const end = ended(consumer, signal)
    if (end !== undefined) return end
    const reading = await look()
    const step = nextStep(consumer.consuming, reading)
    if (step === 'empty') {
      if (await isEmpty(consumer, look)) return 'empty'
      waitMs = 0
      continue
    }
    if (performance.now() >= giveUpAt && !(step === 'consume' && reading.ready > 0)) {
      return giveUp(reading, options)
    }
    switch (step) {
      case 'wait':
        waitMs = LOOK_AGAIN_MS
        break
      case 'consume':
        await consumer.start(prefetch)
        waitMs = reading.ready > 0 ? options.emptyAfterMs : 0
        break
      case 'stand-aside':
        if (consumer.consuming) {
          logger.info({ queue, ...reading }, 'Nothing to take now; other workers may give an item back.')
          await consumer.standAside()
        }
        waitMs = ASIDE_MS.min + Math.random() * (ASIDE_MS.max - ASIDE_MS.min)
        break
    }
  }
}

function ended(consumer: Consumer, signal: AbortSignal | undefined): Take | undefined {
  if (consumer.lost.aborted) return 'lost'
  if (consumer.hasArrived) return 'taken'
  return signal?.aborted === true ? 'aborted' : undefined
}

/**
 * The last doubt about an empty queue: an item may be on its way to this very consumer. Once the broker has answered the
 * cancel, it is either in hand or was never sent.
 */
async function isEmpty(consumer: Consumer, look: () => Promise<Reading>): Promise<boolean> {
  if (!(await consumer.standAside())) return false
  const { ready, consumers } = await look()
  return ready === 0 && consumers === 0
}

/** Others kept the queue to themselves for `idleTimeoutMs`; what they hold, they will do or their successors. */
function giveUp(reading: Reading, { queue, broker, idleTimeoutMs }: ResolvedOptions): Take {
  if (reading.ready === 0 && isBelievable(reading)) return 'empty'
  throw new WorkerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `Queue ${queue} gave no item within ${idleTimeoutMs} ms and cannot be known to be empty (${reading.ready} ready, ${reading.consumers} consumers).`,
    hint: "Its leader may be down: see rabbitmq-queues quorum_status. A single active consumer keeps others from the queue's items.",
    retryable: true,
    details: { queue, address: shownBroker(broker), ...reading },
  })
}

/** Looks at the queue on a channel of its own, opened at the first look: few workers ever need one. */
function looker(link: Link, queue: string): () => Promise<Reading> {
  let channel: Channel | undefined
  return async () => {
    if (channel === undefined) {
      channel = await link.createChannel()
      channel.on('error', () => {})
    }
    const { messageCount, consumerCount } = await channel.checkQueue(queue)
    return { ready: messageCount, consumers: consumerCount }
  }
}
