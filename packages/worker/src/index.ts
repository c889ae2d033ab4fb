/**
 * Take one item from a RabbitMQ queue, do its work, ack it, and tell the truth about it.
 *
 * @module
 */

import '@internal/node-version'

export type { AmqpConnection, TlsOptions } from '@internal/amqp'
export { consumeMany } from './consume-many.ts'
export type { ConsumeOneResult } from './consume-one.ts'
export { consumeOne } from './consume-one.ts'
export type {
  AckDiagnostic,
  AnswerTrace,
  ExitDiagnostic,
  HandleOutcome,
  HandleTrace,
  TakeDiagnostic,
} from './diagnostics.ts'
export type { AnyWorkerError, WorkerErrorCode, WorkerErrorDetails } from './errors.ts'
export { WorkerError } from './errors.ts'
export type { WorkerEvents, WorkerListeners } from './events.ts'
export { DeadLetterError } from './handle/dead-letter-error.ts'
export type { Handler, HandlerContext } from './handle/handler.ts'
export type { Item } from './item/item.ts'
export type { Logger } from './logger.ts'
export type { ConsumeManyResult } from './many/consume-many-result.ts'
export type { ConsumeManyOptions, ConsumeOneOptions } from './options/worker-options.ts'
export type { RunWorkerOptions } from './process/run-worker-options.ts'
export { runWorker } from './run-worker.ts'
