/**
 * Fill a RabbitMQ queue and know the fate of every item.
 *
 * @module
 */

export type { TlsOptions } from '@internal/amqp'
export type { AmqpConnection, ConnectionOptions } from './connection-options.ts'
export type { DeclaredQueue, DeclareQueueOptions } from './declare-queue.ts'
export { declareQueue } from './declare-queue.ts'
export type { PublishDiagnostic, SettleDiagnostic } from './diagnostics.ts'
export type { EnqueueOptions } from './enqueue.ts'
export { enqueue } from './enqueue.ts'
export type { ProducerErrorCode } from './errors.ts'
export { ProducerError } from './errors.ts'
export type { ProducerEvents, ProducerListeners } from './events.ts'
export type { InspectOptions, InspectQueueOptions, QueueReading } from './inspect-queue.ts'
export { inspectQueue } from './inspect-queue.ts'
export type { Items } from './items.ts'
export type { Journal, JournalContents, JournalHeader, JournalRecord } from './journal.ts'
export type { Logger } from './logger.ts'
export type { Message, MessageFields } from './message.ts'
export { createMessage } from './message.ts'
export type { CloseOptions, Producer, ProducerEventMap } from './producer.ts'
export { createProducer } from './producer.ts'
export type { PublishOptions } from './publish-options.ts'
export type { QueueOptions } from './queue-arguments.ts'
export type { Failure, ItemFailure, Outcome, OutcomeCounts, Receipt } from './receipt.ts'
export { EnqueueError } from './receipt.ts'
export type { Waiting } from './with-link.ts'
