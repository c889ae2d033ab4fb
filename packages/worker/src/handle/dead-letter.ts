import { deadLetterQueueOf, encodeFailure, type FailureRecord, HEADER } from '@internal/contract'
import type { ConsumeMessage } from 'amqplib'
import type { Broker } from '../broker/broker.ts'
import { type CopyEnd, publishCopy } from './publish-copy.ts'

/** The longest reason that is kept, bytes: all headers of a message share one frame. */
export const REASON_BYTES = 1_000

/**
 * Publishes a copy of an item to the dead-letter queue of its queue, with the reason and the last failure in its headers, and
 * waits until the broker has confirmed it. Never rejects.
 */
export async function publishDeadLetter(
  message: ConsumeMessage,
  reason: string,
  failure: FailureRecord | undefined,
  { queue, broker, ackTimeoutMs }: { readonly queue: string; readonly broker: Broker; readonly ackTimeoutMs: number },
): Promise<CopyEnd> {
  const own = {
    [HEADER.deadLetterQueue]: queue,
    [HEADER.deadLetterReason]: reason,
    ...(failure === undefined ? {} : { [HEADER.failure]: encodeFailure(failure) }),
  }
  return await publishCopy(message, { target: deadLetterQueueOf(queue), own, broker, ackTimeoutMs })
}
