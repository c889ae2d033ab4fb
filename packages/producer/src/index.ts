/**
 * Fill a RabbitMQ queue and know the fate of every item.
 *
 * @module
 */

export type { TlsOptions } from '@internal/amqp'
export type { ConnectionOptions } from './connection.ts'
export type { DeclaredQueue, DeclareQueueOptions } from './declare-queue.ts'
export { declareQueue } from './declare-queue.ts'
export type { EnqueueOptions } from './enqueue.ts'
export { enqueue } from './enqueue.ts'
export type { ProducerErrorCode } from './errors.ts'
export { ProducerError } from './errors.ts'
export type { InspectQueueOptions, QueueReading } from './inspect-queue.ts'
export { inspectQueue } from './inspect-queue.ts'
export type { Message, MessageFields } from './message.ts'
export { createMessage } from './message.ts'
export type { Items } from './publish.ts'
export type { QueueOptions } from './queue-arguments.ts'
export type { Failure, ItemFailure, OutcomeCounts, Receipt } from './receipt.ts'
export { EnqueueError } from './receipt.ts'
