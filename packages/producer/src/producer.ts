import { EventEmitter } from 'node:events'
import { callListener } from '@internal/async'
import { type Names, Problems } from '@internal/options'
import type TypedEmitter from 'typed-emitter'
import { aborted } from './abort.ts'
import { CONNECTION_OPTIONS, type ConnectionOptions, checkConnectionOptions } from './connection/connection-options.ts'
import type { Link } from './connection/link.ts'
import { makeLink, type SignalOption } from './connection/with-link.ts'
import type { DeadLetter } from './dead-letters/dead-letter.ts'
import { checkListing, LIST_OPTIONS, type ListOptions, listOn } from './dead-letters/list-dead-letters.ts'
import { checkPurge, type Purged, purgeOn } from './dead-letters/purge-dead-letters.ts'
import {
  checkRequeue,
  REQUEUE_OPTIONS,
  type Requeued,
  type RequeueOptions,
  requeueOn,
} from './dead-letters/requeue-dead-letters.ts'
import { checkDeletion, DELETE_OPTIONS, type DeleteOptions, deleteOn } from './delete/delete-queue.ts'
import { runEnqueue } from './enqueue/enqueue-run.ts'
import { checkPublishOptions, PUBLISH_OPTIONS, type PublishOptions, resolvePublish } from './enqueue/publish-options.ts'
import type { Receipt } from './enqueue/receipt.ts'
import { ProducerError, toProducerError } from './errors.ts'
import { type ProducerEvents, type Tell, tellListeners } from './events.ts'
import { checkItems, type Items } from './items/items.ts'
import type { Message } from './items/message.ts'
import { checkDeclaration, type DeclaredQueue, declareOn } from './queue/declare-queue.ts'
import {
  checkInspection,
  INSPECT_OPTIONS,
  type InspectOptions,
  inspectOn,
  type QueueReading,
} from './queue/inspect-queue.ts'
import { QUEUE_OPTIONS, type QueueOptions } from './queue/queue-arguments.ts'
import { type QueueView, viewOf } from './queue-view.ts'
import type { Batch } from './results/batch.ts'
import { COLLECT_OPTIONS, type CollectOptions, checkCollect, collectOver } from './results/collect-results.ts'
import { checkDeleteBatch, deleteLog } from './results/delete-batch.ts'
import type { ItemResult } from './results/item-result.ts'

/** Listeners by event, as an emitter takes them. */
export type ProducerEventMap = { [Name in keyof ProducerEvents]: (event: ProducerEvents[Name]) => void }

/** Options for the end of a producer. */
export interface CloseOptions {
  /** How long running calls may go on, milliseconds. Default: 30000. */
  readonly timeoutMs?: number | undefined
}

/**
 * Keeps one connection for many calls. {@link createProducer} makes it. Calls may run at the same time, each with a receipt of
 * its own. The first call opens the connection; after a loss, the next call opens it again.
 */
export interface Producer extends TypedEmitter<ProducerEventMap>, AsyncDisposable {
  /** Does the same as the function `enqueue`, over this connection. */
  enqueue<T, U = T>(queue: string, items: Items<T | Message>, options?: PublishOptions<T, U>): Promise<Receipt>
  /** Does the same as the function `declareQueue`, over this connection. */
  declareQueue(queue: string, options?: QueueOptions & SignalOption): Promise<DeclaredQueue>
  /** Does the same as the function `inspectQueue`, over this connection. */
  inspectQueue(queue: string, options?: InspectOptions & SignalOption): Promise<QueueReading>
  /** Does the same as the function `listDeadLetters`, over this connection. */
  listDeadLetters(queue: string, options?: ListOptions & SignalOption): Promise<DeadLetter[]>
  /** Does the same as the function `requeueDeadLetters`, over this connection. */
  requeueDeadLetters(queue: string, options?: RequeueOptions & SignalOption): Promise<Requeued>
  /** Does the same as the function `purgeDeadLetters`, over this connection. */
  purgeDeadLetters(queue: string, options?: SignalOption): Promise<Purged>
  /** Does the same as the function `collectResults`, over this connection. */
  collectResults<T = unknown>(batch: Batch, options?: CollectOptions<T>): AsyncGenerator<ItemResult<T>, void, undefined>
  /** Does the same as the function `deleteBatch`, over this connection. */
  deleteBatch(batch: Batch, options?: SignalOption): Promise<void>
  /** Does the same as the function `deleteQueue`, over this connection. */
  deleteQueue(queue: string, options?: DeleteOptions & SignalOption): Promise<void>
  /**
   * A view of one queue: the calls above without its name. It is also what `runJob` of `@podqueue/k8s` takes as its queue.
   * Nothing is asked of the broker.
   *
   * @throws {ProducerError} `INVALID_OPTIONS` when no queue can have that name
   */
  queue(name: string): QueueView
  /**
   * Takes no more calls, waits for the running ones, and closes the connection. Calls that take longer than `timeoutMs`
   * (default: 30000) are ended with `ABORTED` and the fate of every item by then. May be called twice.
   */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Makes a producer that keeps one connection for many calls. Nothing is opened before the first call.
 *
 * @throws {ProducerError} `INVALID_OPTIONS`, `BROKER_URL_MISSING` or `BROKER_URL_INVALID`
 */
export function createProducer(options: ConnectionOptions = {}): Producer {
  const problems = new Problems()
  const checked = problems.options('options', options, CONNECTION_OPTIONS)
  checkConnectionOptions(problems, checked)
  problems.throwAs('createProducer', toProducerError)
  return new LongLivedProducer(checked)
}

const DECLARE_OPTIONS: Names<QueueOptions & SignalOption> = { ...QUEUE_OPTIONS, signal: true }
const LOOK_OPTIONS: Names<InspectOptions & SignalOption> = { ...INSPECT_OPTIONS, signal: true }
const LIST_CALL_OPTIONS: Names<ListOptions & SignalOption> = { ...LIST_OPTIONS, signal: true }
const REQUEUE_CALL_OPTIONS: Names<RequeueOptions & SignalOption> = { ...REQUEUE_OPTIONS, signal: true }
const PURGE_CALL_OPTIONS: Names<SignalOption> = { signal: true }
const DELETE_CALL_OPTIONS: Names<DeleteOptions & SignalOption> = { ...DELETE_OPTIONS, signal: true }
const CLOSE_OPTIONS: Names<CloseOptions> = { timeoutMs: true }

const TypedEventEmitter: new () => TypedEmitter<ProducerEventMap> = EventEmitter as never

class LongLivedProducer extends TypedEventEmitter implements Producer {
  readonly #link: Link
  readonly #tell: Tell
  readonly #reconnectForMs: number
  readonly #calls = new Set<Promise<unknown>>()
  readonly #ending = new AbortController()
  #closing: Promise<void> | undefined

  constructor(options: ConnectionOptions) {
    super()
    const tellOption = tellListeners(options.on ?? {})
    this.#tell = (name, event) => {
      const listeners = this.rawListeners(name)
      for (const listener of listeners) callListener(name, listener.bind(this) as never, event)
      return tellOption(name, event) || listeners.length > 0
    }
    this.#link = makeLink(options, this.#tell)
    this.#reconnectForMs = options.reconnectForMs ?? 30_000
  }

  enqueue<T, U = T>(queue: string, items: Items<T | Message>, options: PublishOptions<T, U> = {}): Promise<Receipt> {
    const given = options as unknown as PublishOptions<never, never>
    const check = (problems: Problems): PublishOptions<never, never> =>
      checkPublishOptions(problems, queue, given, PUBLISH_OPTIONS)
    return this.#call('enqueue', check, async (checked) => {
      checkItems(items)
      const scene = { link: this.#link, queue, tell: this.#tell, reconnectForMs: this.#reconnectForMs }
      return await runEnqueue(scene, items, resolvePublish(checked))
    })
  }

  declareQueue(queue: string, options: QueueOptions & SignalOption = {}): Promise<DeclaredQueue> {
    const check = (problems: Problems): QueueOptions & SignalOption =>
      checkDeclaration(problems, queue, options, DECLARE_OPTIONS)
    return this.#call('declareQueue', check, async (checked) =>
      declareOn(await this.#link.open(checked.signal), this.#link.shown, queue, checked),
    )
  }

  inspectQueue(queue: string, options: InspectOptions & SignalOption = {}): Promise<QueueReading> {
    const check = (problems: Problems): InspectOptions & SignalOption =>
      checkInspection(problems, queue, options, LOOK_OPTIONS)
    return this.#call('inspectQueue', check, async (checked) =>
      inspectOn(await this.#link.open(checked.signal), this.#link.shown, queue, checked),
    )
  }

  listDeadLetters(queue: string, options: ListOptions & SignalOption = {}): Promise<DeadLetter[]> {
    const check = (problems: Problems): ListOptions & SignalOption =>
      checkListing(problems, queue, options, LIST_CALL_OPTIONS)
    return this.#call('listDeadLetters', check, async (checked) =>
      listOn(await this.#link.open(checked.signal), this.#link.shown, queue, checked),
    )
  }

  requeueDeadLetters(queue: string, options: RequeueOptions & SignalOption = {}): Promise<Requeued> {
    const check = (problems: Problems): RequeueOptions & SignalOption =>
      checkRequeue(problems, queue, options, REQUEUE_CALL_OPTIONS)
    return this.#call('requeueDeadLetters', check, async (checked) =>
      requeueOn(await this.#link.open(checked.signal), this.#link.shown, queue, checked),
    )
  }

  purgeDeadLetters(queue: string, options: SignalOption = {}): Promise<Purged> {
    const check = (problems: Problems): SignalOption => checkPurge(problems, queue, options, PURGE_CALL_OPTIONS)
    return this.#call('purgeDeadLetters', check, async ({ signal }) =>
      purgeOn(await this.#link.open(signal), this.#link.shown, queue),
    )
  }

  deleteQueue(queue: string, options: DeleteOptions & SignalOption = {}): Promise<void> {
    const check = (problems: Problems): DeleteOptions & SignalOption =>
      checkDeletion(problems, queue, options, DELETE_CALL_OPTIONS)
    return this.#call('deleteQueue', check, async (checked) =>
      deleteOn(await this.#link.open(checked.signal), this.#link.shown, queue, checked),
    )
  }

  async *collectResults<T = unknown>(
    batch: Batch,
    options: CollectOptions<T> = {},
  ): AsyncGenerator<ItemResult<T>, void, undefined> {
    this.#checkOpen('collectResults')
    const problems = new Problems()
    const checked = checkCollect(problems, batch, options as CollectOptions, COLLECT_OPTIONS)
    problems.throwAs('collectResults', toProducerError)
    const ending = this.#ending.signal
    const signal = checked.signal === undefined ? ending : AbortSignal.any([checked.signal, ending])
    yield* collectOver(this.#link, batch, { ...(checked as CollectOptions<T>), signal }, this.#reconnectForMs)
  }

  deleteBatch(batch: Batch, options: SignalOption = {}): Promise<void> {
    const check = (problems: Problems): SignalOption => checkDeleteBatch(problems, batch, options, PURGE_CALL_OPTIONS)
    return this.#call('deleteBatch', check, async ({ signal }) => await deleteLog(this.#link, batch, signal))
  }

  queue(name: string): QueueView {
    return viewOf(this, name)
  }

  async close(given: CloseOptions = {}): Promise<void> {
    const problems = new Problems()
    const { timeoutMs = 30_000 } = problems.options('options', given, CLOSE_OPTIONS)
    problems.durationMs('timeoutMs', timeoutMs)
    problems.throwAs('close', toProducerError)
    this.#closing ??= this.#close(timeoutMs)
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    const timer = setTimeout(
      () => this.#ending.abort(new Error(`The producer was closed; ${timeoutMs} ms were over`)),
      timeoutMs,
    )
    await Promise.allSettled(this.#calls)
    clearTimeout(timer)
    await this.#link.close()
  }

  #checkOpen(name: string): void {
    if (this.#closing !== undefined) {
      throw new ProducerError({
        code: 'PRODUCER_CLOSED',
        message: `${name}: the producer is closed.`,
        hint: 'Make another with createProducer.',
        details: {},
      })
    }
  }

  /** @param run gets the options as they were checked, with a signal that also aborts when the producer is closed */
  async #call<Options extends SignalOption, T>(
    name: string,
    check: (problems: Problems) => Options,
    run: (options: Options & { readonly signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    this.#checkOpen(name)
    const problems = new Problems()
    const checked = check(problems)
    const signal = problems.signal('signal', checked.signal)
    problems.throwAs(name, toProducerError)
    const early = aborted(signal)
    if (early !== undefined) throw early
    const ending = this.#ending.signal
    const call = run({ ...checked, signal: signal === undefined ? ending : AbortSignal.any([signal, ending]) })
    this.#calls.add(call)
    try {
      return await call
    } finally {
      this.#calls.delete(call)
    }
  }
}
