import { late, within } from '@internal/async'
import { WorkerError } from '../errors.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import type { Answer, Consumer } from './consumer.ts'

/**
 * Waits until the broker's channel has taken an answer.
 *
 * @param what what was sent, for the message
 * @throws {WorkerError} `LEASE_LOST`, or `ACK_UNCONFIRMED` when the broker does not take it within `ackTimeoutMs`
 */
export async function confirm(
  consumer: Consumer,
  what: Answer | 'answers',
  taking: Promise<void>,
  { queue, ackTimeoutMs }: ResolvedOptions,
): Promise<void> {
  let cause: unknown
  const taken = await within(taking, ackTimeoutMs).catch((error: unknown) => {
    cause = error
  })
  if (consumer.lost.aborted) throw consumer.lost.reason
  if (taken !== late && cause === undefined) return
  throw new WorkerError({
    code: 'ACK_UNCONFIRMED',
    message: `The broker did not take the ${what} of an item of queue ${queue} within ${ackTimeoutMs} ms.`,
    hint: 'The item may be settled, or come back. Its work must allow being done twice.',
    retryable: true,
    details: { queue, ackTimeoutMs },
    cause,
  })
}
