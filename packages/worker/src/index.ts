/**
 * Take one item from a RabbitMQ queue, do its work, ack it, and tell the truth about it.
 *
 * @module
 */

export type { TlsOptions } from '@internal/amqp'
export type { Outcome } from './consume-one.ts'
export { consumeOne } from './consume-one.ts'
export type { WorkerErrorCode } from './errors.ts'
export { WorkerError } from './errors.ts'
export type { Handler, HandlerContext } from './handler.ts'
export type { Item } from './item.ts'
export type { ConsumeOneOptions, Logger } from './options.ts'
export type { RunWorkerOptions } from './run-worker.ts'
export { runWorker } from './run-worker.ts'
