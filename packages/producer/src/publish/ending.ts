import type { AmqpFault } from '@internal/amqp'
import type { ProducerError } from '../errors.ts'
import { EnqueueError } from '../receipt.ts'
import type { Ledger } from './ledger.ts'
import type { ResolvedPublish } from './publish-options.ts'

/** Why a call could not settle everything. */
export type Stop =
  | { readonly type: 'aborted' }
  | { readonly type: 'silent' }
  | { readonly type: 'blocked'; readonly reason: string }
  | { readonly type: 'lost'; readonly error: ProducerError }
  | { readonly type: 'journal-failed'; readonly cause: unknown }

/** Why no more items are read, with everything before settled. */
export type Intake =
  | { readonly type: 'end' }
  | { readonly type: 'too-many-failures' }
  | { readonly type: 'failed'; readonly cause: unknown }

/** What is said of the items that a stop leaves unsettled. */
export function unsettledReason(stop: Stop, { confirmTimeoutMs, blockedTimeoutMs }: ResolvedPublish): string {
  switch (stop.type) {
    case 'silent':
      return `The broker confirmed nothing for ${confirmTimeoutMs} ms.`
    case 'blocked':
      return `The broker took no messages for ${blockedTimeoutMs} ms.`
    case 'lost':
      return stop.error.message
    case 'aborted':
    case 'journal-failed':
      return 'The call ended before the broker answered.'
  }
}

/** The error of a call that did not confirm every item. */
export function toEnqueueError(
  queue: string,
  ledger: Ledger,
  stop: Stop | undefined,
  intake: Intake | undefined,
  { signal, confirmTimeoutMs }: ResolvedPublish,
): EnqueueError {
  const common = { queue, counts: ledger.counts, failures: ledger.failures }
  switch (stop?.type) {
    case 'aborted':
      return new EnqueueError({
        ...common,
        code: 'ABORTED',
        cause: signal?.reason,
        what: ' when the signal ended the call',
      })
    case 'silent':
      return new EnqueueError({
        ...common,
        code: 'NOT_ALL_CONFIRMED',
        retryable: true,
        hint: `The broker confirmed nothing for ${confirmTimeoutMs} ms: is it up, and is a majority of the queue's nodes? See rabbitmqctl status.`,
      })
    case 'blocked':
      return new EnqueueError({
        ...common,
        code: 'NOT_ALL_CONFIRMED',
        retryable: true,
        hint: `The broker takes no messages (${stop.reason}): it is short of memory or disk. See rabbitmqctl status.`,
      })
    case 'lost':
      return new EnqueueError({
        ...common,
        code: 'NOT_ALL_CONFIRMED',
        retryable: stop.error.retryable,
        hint: stop.error.hint,
        cause: stop.error,
      })
    case 'journal-failed':
      return new EnqueueError({
        ...common,
        code: 'JOURNAL_FAILED',
        cause: stop.cause,
        what: ', and the journal cannot be written',
        hint: 'See cause. What was confirmed and is not in the journal would be published again.',
      })
    default:
      return intake?.type === 'failed'
        ? new EnqueueError({
            ...common,
            code: 'SOURCE_FAILED',
            cause: intake.cause,
            what: ', and then the source of items threw',
            hint: 'What was published is settled and counted. See cause for what the source threw.',
          })
        : new EnqueueError({ ...common, code: 'NOT_ALL_CONFIRMED' })
  }
}

/** The limit that a broker names when it closes a channel for a message above it; `unknown` when it does not say. */
export function messageLimit(fault: AmqpFault): number | 'unknown' | undefined {
  const text = fault.cause instanceof Error ? fault.cause.message : ''
  if (fault.code !== 'QUEUE_MISMATCH' || !/message size .*larger/i.test(text)) return undefined
  const limit = /max(?:imum)? size (\d+)/i.exec(text)?.[1]
  return limit === undefined ? 'unknown' : Number(limit)
}
