import { describeThrown } from '@internal/errors'
import { WorkerError } from '../errors.ts'
import { type Item, named } from '../item/item.ts'

/**
 * How the work on an item ended, and the answer for the broker. Nothing is answered when the lease is lost. An item that failed
 * or is released is acked when a copy of it is in the queue.
 */
export type ItemEnd<R> =
  | { readonly type: 'done'; readonly answer: 'ack'; readonly result: R }
  | { readonly type: 'dead-lettered'; readonly answer: 'ack'; readonly reason: string }
  | { readonly type: 'failed'; readonly answer: 'reject' | 'release' | 'ack'; readonly error: WorkerError }
  | { readonly type: 'released'; readonly answer: 'release' | 'ack'; readonly error: WorkerError }
  | { readonly type: 'lost'; readonly error: WorkerError }

export function handlerFailed(item: Item, cause: unknown): WorkerError {
  // A handler's own WorkerError, such as that of item.json(), has a hint worth keeping.
  const known = cause instanceof WorkerError ? cause : undefined
  return new WorkerError({
    code: 'HANDLER_FAILED',
    message: `${named(item)} failed and is back in the queue: ${describeThrown(cause)}`,
    hint:
      known?.hint ??
      'It is delivered again, up to the delivery limit of the queue, and then goes to its dead-letter queue.',
    retryable: true,
    details: { queue: item.queue, messageId: item.id },
    cause,
  })
}

/** The error of an item whose handler is done, and whose result the broker does not have. */
export function resultFailed(item: Item, reason: string): WorkerError {
  return new WorkerError({
    code: 'RESULT_FAILED',
    message: `${named(item)} is done, but its result could not be published, so it is back in the queue. ${reason}`,
    hint: 'The worker needs write permission on the default exchange. See the log of the broker.',
    retryable: true,
    details: { queue: item.queue, messageId: item.id, reason },
  })
}

export function releasedError(item: Item, cause: unknown): WorkerError {
  return new WorkerError({
    code: 'RELEASED',
    message: `${named(item)} was given back undone, because this worker had to end.`,
    hint: 'Nothing to do: another worker takes it.',
    retryable: true,
    details: { queue: item.queue, messageId: item.id },
    cause,
  })
}
