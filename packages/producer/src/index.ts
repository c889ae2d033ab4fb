/**
 * Fill a RabbitMQ queue and know the fate of every item.
 *
 * @module
 */

import '@internal/node-version'

export type { AmqpConnection, TlsOptions } from '@internal/amqp'
export type { ConnectionOptions } from './connection/connection-options.ts'
export type { Waiting } from './connection/with-link.ts'
export type { PublishDiagnostic, SettleDiagnostic } from './diagnostics.ts'
export type { EnqueueOptions } from './enqueue.ts'
export { enqueue } from './enqueue.ts'
export type { ProducerErrorCode } from './errors.ts'
export { ProducerError } from './errors.ts'
export type { ProducerEvents, ProducerListeners } from './events.ts'
export type { Items } from './items/items.ts'
export type { Message, MessageFields } from './items/message.ts'
export { createMessage } from './items/message.ts'
export type { Journal, JournalContents, JournalHeader, JournalRecord } from './journal/journal.ts'
export type { Logger } from './logger.ts'
export type { CloseOptions, Producer, ProducerEventMap } from './producer.ts'
export { createProducer } from './producer.ts'
export type { PublishOptions } from './publish/publish-options.ts'
export type { DeclaredQueue, DeclareQueueOptions } from './queue/declare-queue.ts'
export { declareQueue } from './queue/declare-queue.ts'
export type { InspectOptions, InspectQueueOptions, QueueReading } from './queue/inspect-queue.ts'
export { inspectQueue } from './queue/inspect-queue.ts'
export type { QueueOptions } from './queue/queue-arguments.ts'
export type { Failure, ItemFailure, Outcome, OutcomeCounts, Receipt } from './receipt.ts'
export { EnqueueError } from './receipt.ts'
