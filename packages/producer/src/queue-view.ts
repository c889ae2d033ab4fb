import { checkQueueName } from '@internal/amqp'
import { Problems } from '@internal/options'
import type { SignalOption } from './connection/with-link.ts'
import type { DeadLetter } from './dead-letters/dead-letter.ts'
import type { ListOptions } from './dead-letters/list-dead-letters.ts'
import type { Purged } from './dead-letters/purge-dead-letters.ts'
import type { Requeued, RequeueOptions } from './dead-letters/requeue-dead-letters.ts'
import type { DeleteOptions } from './delete/delete-queue.ts'
import type { PublishOptions } from './enqueue/publish-options.ts'
import type { Receipt } from './enqueue/receipt.ts'
import { toProducerError } from './errors.ts'
import type { Items } from './items/items.ts'
import type { Message } from './items/message.ts'
import type { DeclaredQueue } from './queue/declare-queue.ts'
import type { InspectOptions, QueueReading } from './queue/inspect-queue.ts'
import type { QueueOptions } from './queue/queue-arguments.ts'
import type { Batch } from './results/batch.ts'
import type { CollectOptions } from './results/collect-results.ts'
import type { ItemResult } from './results/item-result.ts'

/**
 * One queue of a producer: the calls of the producer without the queue's name. `queue()` of a {@link Producer} makes it. It
 * holds nothing of its own, so there is nothing to close, and its methods may be passed on as functions.
 */
export interface QueueView {
  /** The queue's name. */
  readonly name: string
  /** Does the same as the function `declareQueue`. */
  declare(options?: QueueOptions & SignalOption): Promise<DeclaredQueue>
  /** Does the same as the function `enqueue`. */
  enqueue<T, U = T>(items: Items<T | Message>, options?: PublishOptions<T, U>): Promise<Receipt>
  /** Does the same as the function `inspectQueue`. */
  inspect(options?: InspectOptions & SignalOption): Promise<QueueReading>
  /** Does the same as the function `collectResults`, for a batch of this queue: its receipt, or its id alone. */
  collectResults<T = unknown>(
    batch: BatchOfQueue,
    options?: CollectOptions<T>,
  ): AsyncGenerator<ItemResult<T>, void, undefined>
  /** Does the same as the function `deleteBatch`, for a batch of this queue. */
  deleteBatch(batch: BatchOfQueue, options?: SignalOption): Promise<void>
  /** Does the same as the function `listDeadLetters`. */
  listDeadLetters(options?: ListOptions & SignalOption): Promise<DeadLetter[]>
  /** Does the same as the function `requeueDeadLetters`. */
  requeueDeadLetters(options?: RequeueOptions & SignalOption): Promise<Requeued>
  /** Does the same as the function `purgeDeadLetters`. */
  purgeDeadLetters(options?: SignalOption): Promise<Purged>
  /** Does the same as the function `deleteQueue`. */
  delete(options?: DeleteOptions & SignalOption): Promise<void>
}

/** A batch of a known queue: its receipt, or `{ id }`. */
export interface BatchOfQueue {
  readonly id: string
  /** Where it is given, it must be the name of the queue. */
  readonly queue?: string | undefined
}

/** The calls of a producer that a view passes on. */
interface Calls {
  declareQueue(queue: string, options?: QueueOptions & SignalOption): Promise<DeclaredQueue>
  enqueue<T, U = T>(queue: string, items: Items<T | Message>, options?: PublishOptions<T, U>): Promise<Receipt>
  inspectQueue(queue: string, options?: InspectOptions & SignalOption): Promise<QueueReading>
  collectResults<T = unknown>(batch: Batch, options?: CollectOptions<T>): AsyncGenerator<ItemResult<T>, void, undefined>
  deleteBatch(batch: Batch, options?: SignalOption): Promise<void>
  listDeadLetters(queue: string, options?: ListOptions & SignalOption): Promise<DeadLetter[]>
  requeueDeadLetters(queue: string, options?: RequeueOptions & SignalOption): Promise<Requeued>
  purgeDeadLetters(queue: string, options?: SignalOption): Promise<Purged>
  deleteQueue(queue: string, options?: DeleteOptions & SignalOption): Promise<void>
}

/**
 * Makes the view of one queue.
 *
 * @throws {ProducerError} `INVALID_OPTIONS` when no queue can have that name
 */
export function viewOf(calls: Calls, name: string): QueueView {
  const problems = new Problems()
  checkQueueName(problems, name)
  problems.throwAs('queue', toProducerError)
  const own = (call: string, batch: BatchOfQueue): Batch => ofQueue(call, name, batch)
  return {
    name,
    declare: (options) => calls.declareQueue(name, options),
    enqueue: (items, options) => calls.enqueue(name, items, options),
    inspect: (options) => calls.inspectQueue(name, options),
    async *collectResults(batch, options) {
      yield* calls.collectResults(own('collectResults', batch), options)
    },
    deleteBatch: async (batch, options) => await calls.deleteBatch(own('deleteBatch', batch), options),
    listDeadLetters: (options) => calls.listDeadLetters(name, options),
    requeueDeadLetters: (options) => calls.requeueDeadLetters(name, options),
    purgeDeadLetters: (options) => calls.purgeDeadLetters(name, options),
    delete: (options) => calls.deleteQueue(name, options),
  }
}

/** The batch of this queue that an app names. One of another queue is refused: its results are not here. */
function ofQueue(call: string, name: string, batch: BatchOfQueue | null | undefined): Batch {
  const problems = new Problems()
  const given = problems.guard('batch', () => ({ id: batch?.id, queue: batch?.queue }))
  if (given?.queue !== undefined && given.queue !== name) {
    problems.add('batch.queue', `must be ${name}, the queue of this view, or left out`)
  }
  problems.throwAs(call, toProducerError)
  return { queue: name, id: given?.id as string }
}
