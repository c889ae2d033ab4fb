/**
 * Take one item from a RabbitMQ queue, do its work, ack it, and tell the truth about it.
 *
 * @module
 */

export type { AmqpConnection, TlsOptions } from '@internal/amqp'
export type { ManyOutcome } from './consume-many.ts'
export { consumeMany } from './consume-many.ts'
export type { Outcome } from './consume-one.ts'
export { consumeOne } from './consume-one.ts'
export type { AckDiagnostic, HandleDiagnostic, TakeDiagnostic } from './diagnostics.ts'
export type { WorkerErrorCode } from './errors.ts'
export { WorkerError } from './errors.ts'
export { DeadLetterError } from './handle/dead-letter-error.ts'
export type { Handler, HandlerContext } from './handle/handler.ts'
export type { Item } from './handle/item.ts'
export type { Logger } from './logger.ts'
export type { ConsumeManyOptions, ConsumeOneOptions } from './options.ts'
export type { RunWorkerOptions } from './run-worker.ts'
export { runWorker } from './run-worker.ts'
