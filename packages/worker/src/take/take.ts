import { late, monotonicMs, within } from '@internal/async'
import type { Channel } from 'amqplib'
import { shownBroker } from '../broker/broker.ts'
import type { Link } from '../broker/link.ts'
import { WorkerError } from '../errors.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import type { Consumer } from './consumer.ts'
import { asideMs, isBelievable, nextStep, type Reading } from './empty-rule.ts'
import { abortedError } from './session.ts'

/** How the wait for an item ended. The reason of `lost` is in the consumer's signal. */
export type Take = 'taken' | 'empty' | 'lost' | 'aborted'

/** The wait before the next look when a look proved nothing or an item is on its way, milliseconds. */
const LOOK_AGAIN_MS = 250

/**
 * The wait after an item arrived too late and went back, milliseconds. That may have used up one of its deliveries, so it has
 * this time to arrive again.
 */
const SLOW_ARRIVAL_MS = 2_000

/** Waits for one item, or until the queue is known to be empty. */
export async function take(link: Link, consumer: Consumer, prefetch: number, options: ResolvedOptions): Promise<Take> {
  const { signal, empty, logger, queue, idleTimeoutMs } = options
  const giveUpAt = monotonicMs() + (empty === 'wait' ? Number.POSITIVE_INFINITY : idleTimeoutMs)
  const answered = <T>(request: Promise<T>): Promise<T> => inTime(request, giveUpAt, options)
  await answered(consumer.start(prefetch))
  if (empty === 'wait') {
    await consumer.next(Number.POSITIVE_INFINITY, signal)
    return ended(consumer, signal) ?? 'lost'
  }
  const lookNow = looker(link, queue)
  const look = (): Promise<Reading> => answered(lookNow())
  let waitMs = options.emptyCheckDelayMs
  let timesAside = 0
  for (;;) {
    await consumer.next(waitMs, signal)
    const end = ended(consumer, signal)
    if (end !== undefined) return end
    const reading = await look()
    if (consumer.consuming) {
      // An item on its way here is no longer ready, and a large one takes longer than a look. Everything that the broker
      // sent before its answer on this channel has arrived with the answer. An item that came after the cancel would have to
      // go back.
      await inTime(consumer.barrier(), Number.POSITIVE_INFINITY, options)
      const now = ended(consumer, signal)
      if (now !== undefined) return now
    }
    const step = nextStep(consumer.consuming, reading)
    if (step === 'empty') {
      if (await answered(consumer.standAside())) {
        if (isGone(await look())) return 'empty'
        waitMs = 0
      } else {
        waitMs = Math.max(waitMs * 2, SLOW_ARRIVAL_MS)
      }
      continue
    }
    if (monotonicMs() >= giveUpAt && !(step === 'consume' && reading.ready > 0)) {
      return giveUp(reading, options)
    }
    switch (step) {
      case 'wait':
        waitMs = LOOK_AGAIN_MS
        break
      case 'consume':
        await answered(consumer.start(prefetch))
        waitMs = reading.ready > 0 ? options.emptyCheckDelayMs : 0
        break
      case 'stand-aside':
        if (consumer.consuming) {
          logger.info({ queue, ...reading }, 'Nothing to take now; other workers may give an item back.')
          await answered(consumer.standAside())
        }
        waitMs = asideMs(timesAside++, Math.random())
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
 * The last look before a queue counts as empty. An item may have been on its way to this consumer. Now that it has stopped
 * consuming, the item is either in hand or was never sent.
 */
function isGone({ ready, consumers }: Reading): boolean {
  return ready === 0 && consumers === 0
}

/**
 * The queue's answer to a request. A leader that is away gives none for as long as it is away, on a healthy connection: then
 * this gives up at `giveUpAt`, or `ackTimeoutMs` after the signal, whichever comes first. An answer always has that long.
 */
async function inTime<T>(request: Promise<T>, giveUpAt: number, options: ResolvedOptions): Promise<T> {
  const { signal, queue, broker, ackTimeoutMs } = options
  const leftMs = Math.max(giveUpAt - monotonicMs(), ackTimeoutMs)
  const answer = await within(request, leftMs, signal).catch(async (error: unknown) => {
    if (signal?.aborted !== true) throw error
    const lastAnswer = await within(request, ackTimeoutMs)
    if (lastAnswer === late) throw abortedError(options)
    return lastAnswer
  })
  if (answer !== late) return answer
  throw new WorkerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `Queue ${queue} did not answer in time.`,
    hint: 'Its leader may be down: see rabbitmq-queues quorum_status.',
    retryable: true,
    details: { queue, address: shownBroker(broker) },
  })
}

/** Other workers held the items for `idleTimeoutMs`. They, or the workers after them, will do what they hold. */
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

/** Looks at the queue on a channel of its own, which it opens at the first look: few workers ever need one. */
function looker(link: Link, queue: string): () => Promise<Reading> {
  let channel: Channel | undefined
  return async () => {
    channel ??= await link.createChannel()
    const { messageCount, consumerCount } = await channel.checkQueue(queue)
    return { ready: messageCount, consumers: consumerCount }
  }
}
