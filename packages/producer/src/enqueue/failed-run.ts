import type { Ledger } from '../publish/ledger.ts'
import { EnqueueError } from './enqueue-error.ts'
import type { IntakeEnd } from './item-intake.ts'
import type { ResolvedPublish } from './publish-options.ts'
import type { Stop } from './stop.ts'

/** The error of a call that did not confirm every item. */
export function toEnqueueError(
  queue: string,
  ledger: Ledger,
  stop: Stop | undefined,
  intake: IntakeEnd | undefined,
  { signal, confirmTimeoutMs }: ResolvedPublish,
): EnqueueError {
  const common = { queue, counts: ledger.counts, failures: ledger.failures }
  switch (stop?.type) {
    case 'aborted':
      return new EnqueueError({
        ...common,
        code: 'ABORTED',
        cause: signal?.reason,
        circumstance: ' when the signal ended the call',
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
        circumstance: ', and the journal cannot be written',
        hint: 'See cause. Items that are confirmed and not in the journal would be published again.',
      })
    default:
      return intake?.type === 'failed'
        ? new EnqueueError({
            ...common,
            code: 'SOURCE_FAILED',
            cause: intake.cause,
            circumstance: ', and then the source of items threw',
            hint: 'Every item that was published is settled and counted. See cause for the error of the source.',
          })
        : new EnqueueError({ ...common, code: 'NOT_ALL_CONFIRMED' })
  }
}
