/**
 * Fill a RabbitMQ queue and know the fate of every item.
 *
 * @module
 */

import '@internal/node-version'

export type { AmqpConnection, TlsOptions } from '@internal/amqp'
export type { FailureRecord } from '@internal/contract'
export type { ConnectionOptions } from './connection/connection-options.ts'
export type { SignalOption } from './connection/with-link.ts'
export type { DeadLetter } from './dead-letters/dead-letter.ts'
export type { ListDeadLettersOptions, ListOptions } from './dead-letters/list-dead-letters.ts'
export { listDeadLetters } from './dead-letters/list-dead-letters.ts'
export type { PurgeDeadLettersOptions, Purged } from './dead-letters/purge-dead-letters.ts'
export { purgeDeadLetters } from './dead-letters/purge-dead-letters.ts'
export type { RequeueDeadLettersOptions, Requeued, RequeueOptions } from './dead-letters/requeue-dead-letters.ts'
export { requeueDeadLetters } from './dead-letters/requeue-dead-letters.ts'
export type { DeleteOptions, DeleteQueueOptions } from './delete/delete-queue.ts'
export { deleteQueue } from './delete/delete-queue.ts'
export type {
  CollectedDiagnostic,
  CollectTrace,
  EnqueueTrace,
  InspectDiagnostic,
  PublishDiagnostic,
  SettleDiagnostic,
} from './diagnostics.ts'
export type { EnqueueOptions } from './enqueue/enqueue.ts'
export { enqueue } from './enqueue/enqueue.ts'
export type { AnyEnqueueError, EnqueueErrorCode } from './enqueue/enqueue-error.ts'
export { EnqueueError } from './enqueue/enqueue-error.ts'
export type { PublishOptions } from './enqueue/publish-options.ts'
export type { Receipt } from './enqueue/receipt.ts'
export type { AnyProducerError, ProducerErrorCode, ProducerErrorDetails } from './errors.ts'
export { ProducerError } from './errors.ts'
export type { ProducerEvents, ProducerListeners } from './events.ts'
export type { Items } from './items/items.ts'
export type { Message, MessageFields } from './items/message.ts'
export { createMessage } from './items/message.ts'
export type { Journal, JournalContents, JournalHeader, JournalRecord } from './journal/journal.ts'
export type { Logger } from './logger.ts'
export type { Failure, ItemOutcome, OutcomeCounts } from './outcome.ts'
export type { CloseOptions, Producer, ProducerEventMap } from './producer.ts'
export { createProducer } from './producer.ts'
export type { ItemFailure } from './publish/item-failure.ts'
export type { DeclaredQueue, DeclareQueueOptions } from './queue/declare-queue.ts'
export { declareQueue } from './queue/declare-queue.ts'
export type { InspectOptions, InspectQueueOptions, QueueReading } from './queue/inspect-queue.ts'
export { inspectQueue } from './queue/inspect-queue.ts'
export type { QueueOptions } from './queue/queue-arguments.ts'
export type { BatchOfQueue, QueueView } from './queue-view.ts'
export type { Batch } from './results/batch.ts'
export type { CollectOptions, CollectResultsOptions } from './results/collect-results.ts'
export { collectResults } from './results/collect-results.ts'
export type { DeleteBatchOptions } from './results/delete-batch.ts'
export { deleteBatch } from './results/delete-batch.ts'
export type { ItemResult } from './results/item-result.ts'
