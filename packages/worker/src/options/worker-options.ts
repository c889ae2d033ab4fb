import type { AmqpConnection, TlsOptions } from '@internal/amqp'
import type { EmptyChoice } from '@internal/contract'
import type { WorkerListeners } from '../events.ts'
import type { Logger } from '../logger.ts'

/** The options of `consumeOne`. All durations are in milliseconds. */
export interface ConsumeOneOptions {
  /** The queue to take from. It must exist: a worker declares nothing. */
  readonly queue: string
  /**
   * The broker's address, `amqp://user:password@host:5672/vhost` or `amqps://…`. Special characters in user, password
   * and vhost are percent-encoded. Default: the content of the file named by `BROKER_URL_FILE`, else `BROKER_URL`.
   */
  readonly url?: string | undefined
  /** Passed to Node for an `amqps:` address: `ca`, `cert`, `key`, `servername`, … */
  readonly tls?: TlsOptions | undefined
  /**
   * An open amqplib connection of the app's own, used instead of one to `url`. It is never closed here, and not opened
   * again when it is lost. Dead letters need a connection of their own: give `url` as well, or set `BROKER_URL`.
   */
  readonly connection?: AmqpConnection | undefined
  /** The longest time that one attempt to connect may take, milliseconds. Default: 10000. */
  readonly connectTimeoutMs?: number | undefined
  /** The time to go on trying while no broker answers and no item is held, milliseconds. Default: 300000. */
  readonly reconnectForMs?: number | undefined
  /**
   * The time to go on trying while the broker answers that the queue does not exist, or that it does not permit to read it,
   * milliseconds. A broker that recovers answers so for a moment. Default: 20000.
   */
  readonly notFoundRetryMs?: number | undefined
  /** `exit`: an empty queue ends the call with the result `empty`. `wait`: wait for an item. Default: `exit`. */
  readonly empty?: EmptyChoice | undefined
  /**
   * The time without an item after which the worker asks whether the queue is empty, milliseconds. A short time is safe: a
   * worker that is the only consumer asks the leader of the queue, and then once more after it has stopped consuming. Default: 200.
   */
  readonly emptyCheckDelayMs?: number | undefined
  /**
   * The longest time to wait while other workers hold items that they may give back, milliseconds. It must be more than
   * 24000: the broker notices a dead worker after up to three heartbeats of 8 s. Default: 30000.
   */
  readonly idleTimeoutMs?: number | undefined
  /**
   * The number of times that a handler runs again in this process, with the item in hand, before the attempt counts as
   * failed. Default: 0.
   */
  readonly retries?: number | undefined
  /** The pause before the first of the `retries`, milliseconds. It doubles, with jitter, up to 30 s. Default: 1000. */
  readonly retryDelayMs?: number | undefined
  /**
   * The number of times that RabbitMQ 4.3 may take an item back uncounted, because it was too slow or released, before it
   * goes to the dead letters unhandled. Nothing else there ends an item that is always too slow. Default: 5.
   */
  readonly uncountedLimit?: number | undefined
  /**
   * Ends the call. The signal of a running handler aborts too, and the handler has `graceMs` to finish. After that its item is
   * released for the next worker.
   */
  readonly signal?: AbortSignal | undefined
  /** The time that a handler has to finish after `signal` aborts, milliseconds. Default: 25000, under Kubernetes' 30 s. */
  readonly graceMs?: number | undefined
  /** The longest time that the broker may take to accept the ack, milliseconds. Default: 10000. */
  readonly ackTimeoutMs?: number | undefined
  /**
   * The largest result of an item of a batch with results, bytes. An item with a larger one is dead-lettered, with that reason.
   * Default: 1048576 (1 MiB).
   */
  readonly maxResultBytes?: number | undefined
  /**
   * The longest time that the broker may take no results, for example without free memory or disk, milliseconds. The item is
   * held meanwhile. Default: 300000.
   */
  readonly blockedTimeoutMs?: number | undefined
  /** Gets a line for each wait and retry. Default: silent, but for a process warning when no broker answers. */
  readonly logger?: Logger | undefined
  /** Listeners, by the event: `resultUnclaimed`. One that fails becomes a process warning and changes no outcome. */
  readonly on?: WorkerListeners | undefined
}

/** The options of `consumeMany`. All durations are in milliseconds. */
export interface ConsumeManyOptions extends ConsumeOneOptions {
  /** The number of items to work on at the same time, 1 to 65535. Default: 1. */
  readonly concurrency?: number | undefined
  /** Ends the call when this many items are done or dead-lettered. Failed attempts do not count. Default: no limit. */
  readonly maxItems?: number | undefined
  /** The time after which no more items are taken, milliseconds. The items in hand are finished. Default: no limit. */
  readonly maxDurationMs?: number | undefined
  /**
   * Ends the call with `TOO_MANY_FAILURES` after this many failed attempts in a row, over all items. A worker that can do no
   * item must not use up the deliveries of the whole queue. Default: 5.
   */
  readonly maxConsecutiveFailures?: number | undefined
}
