import { AsyncResource } from 'node:async_hooks'
import { type AmqpConnection, type AmqpFault, isAboutMessage, publishFault } from '@internal/amqp'
import { within } from '@internal/async'
import { isBatchId, itemType, RESULT_RECORD, resultLogOf } from '@internal/contract'
import { aborted } from '../abort.ts'
import type { Link } from '../connection/link.ts'
import { Patience } from '../connection/patience.ts'
import { ENQUEUE, SETTLE } from '../diagnostics.ts'
import { fromFault, ProducerError } from '../errors.ts'
import type { Tell } from '../events.ts'
import type { EncodedItem } from '../items/encoded-item.ts'
import type { Items } from '../items/items.ts'
import { tooLarge } from '../items/prepare.ts'
import { JournalRun } from '../journal/journal-run.ts'
import type { ItemOutcome } from '../outcome.ts'
import { Ledger } from '../publish/ledger.ts'
import { openPublishChannel, type PublishChannel } from '../publish/publish-channel.ts'
import type { Stamp } from '../publish/stamp.ts'
import { declareOn, queueExists } from '../queue/declare-queue.ts'
import { deliveryLimitOf } from '../queue/delivery-limit.ts'
import { appendRecords, declareResultLog } from '../result-log/result-log.ts'
import { Condition } from './condition.ts'
import { toEnqueueError } from './failed-run.ts'
import { ItemIntake } from './item-intake.ts'
import { messageLimit } from './message-limit.ts'
import { Progress } from './progress.ts'
import type { ResolvedPublish } from './publish-options.ts'
import { Publisher } from './publisher.ts'
import type { Receipt } from './receipt.ts'
import { type Stop, unsettledReason } from './stop.ts'
import { Suspects } from './suspects.ts'
import { Watchdog } from './watchdog.ts'
import { Window } from './window.ts'

/** The surroundings of a call of `enqueue`. */
export interface EnqueueScene {
  readonly link: Link
  readonly queue: string
  readonly tell: Tell
  readonly reconnectForMs: number
}

/** Faults for which opening a connection has tried again by itself, for as long as it may. */
const OPENING_TRIES_AGAIN: ReadonlySet<string> = new Set(['BROKER_UNREACHABLE', 'CONNECTION_LIMIT'])

/** Enqueues items within a trace of `podqueue:enqueue`. */
export async function runEnqueue(scene: EnqueueScene, items: Items, options: ResolvedPublish): Promise<Receipt> {
  const { queue, link } = scene
  // The run is made within the trace, whose context it keeps.
  const run = (): Promise<Receipt> => new EnqueueRun(scene, items, options).run()
  return await ENQUEUE.run({ queue, address: link.shown }, run, ({ id, confirmed }) => ({ batch: id, confirmed }))
}

/** One call of `enqueue`: it publishes items to a queue over as many channels as it takes, and its ledger has the fate of each. */
export class EnqueueRun {
  readonly #scene: EnqueueScene
  readonly #options: ResolvedPublish
  /** The async context of the caller: its sources, schemas and subscribers see its AsyncLocalStorage. */
  readonly #context = new AsyncResource('podqueue:enqueue')
  /** Names this call in the messages of diagnostics. */
  readonly #call: object = {}
  readonly #condition = new Condition(this.#context)
  readonly #suspects = new Suspects()
  readonly #ledger: Ledger
  readonly #journal: JournalRun | undefined
  readonly #intake: ItemIntake
  readonly #publisher: Publisher
  readonly #watchdog: Watchdog
  readonly #progress: Progress
  readonly #patience: Patience
  readonly #stopping = new AbortController()
  readonly #startedAt = performance.now()
  /** A connection of this call alone, while it looks for an item for which the broker closes connections. */
  #separate: Link | undefined
  /** The link of the current or last channel. */
  #used: Link
  #channel: PublishChannel | undefined
  #stop: Stop | undefined
  #deliveryLimit: number | undefined

  constructor(scene: EnqueueScene, items: Items, options: ResolvedPublish) {
    this.#scene = scene
    this.#used = scene.link
    this.#options = options
    this.#patience = new Patience(scene.reconnectForMs)
    this.#watchdog = new Watchdog(options.confirmTimeoutMs, options.blockedTimeoutMs)
    this.#journal = options.journal === undefined ? undefined : new JournalRun(options.journal, () => this.#onJournal())
    this.#ledger = new Ledger({ onSettled: (...settled) => this.#onItemSettled(...settled) })
    this.#progress = new Progress(
      scene.queue,
      (name, event) => this.#context.runInAsyncScope(() => scene.tell(name, event)),
      () => this.#ledger.counts,
    )
    this.#intake = new ItemIntake(items, options, this.#ledger, this.#journal, this.#condition)
    this.#publisher = new Publisher({
      ledger: this.#ledger,
      intake: this.#intake,
      journal: this.#journal,
      window: new Window(options.window, options.windowBytes),
      suspects: this.#suspects,
      condition: this.#condition,
      isStopped: () => this.#stop !== undefined,
    })
  }

  async run(): Promise<Receipt> {
    const { link, queue } = this.#scene
    const { signal, journal } = this.#options
    const onAbort = (): void => this.#end({ type: 'aborted' })
    const stopListening = link.onChange(() => this.#condition.notify())
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted === true) onAbort()
    const watching = setInterval(() => this.#watch(), this.#watchdog.everyMs)
    try {
      await this.#prepareQueue()
      // A journal of the app may take its time to open.
      await this.#orStopped(this.#intake.resume({ vhost: link.vhost ?? null, queue }, () => this.#stop !== undefined))
      if (this.#stop === undefined && this.#options.results !== undefined)
        await this.#retried((connection) => this.#openResults(connection))
      await this.#publishAll()
      await this.#condition.until(() => this.#isJournalSafe())
      if (this.#options.results !== undefined) await this.#closeResults()
    } finally {
      clearInterval(watching)
      signal?.removeEventListener('abort', onAbort)
      stopListening()
      await this.#channel?.close()
      await this.#separate?.close()
      await this.#intake.close()
      await this.#journal?.close()
    }
    this.#checkJournal()
    if (this.#stop !== undefined) this.#ledger.abandon(unsettledReason(this.#stop, this.#options))
    this.#progress.tell()
    const { counts, bytes, resumed } = this.#ledger
    if (this.#stop !== undefined || this.#ledger.failed > 0 || this.#intake.ended?.type !== 'end') {
      throw toEnqueueError(queue, this.#ledger, this.#stop, this.#intake.ended, this.#options)
    }
    const durationMs = Math.round(performance.now() - this.#startedAt)
    return {
      queue,
      id: this.#intake.batchId,
      confirmed: counts.confirmed,
      bytes,
      durationMs,
      ...(journal === undefined ? {} : { resumed }),
    }
  }

  /** Declares the queue if it is missing; an existing one is used as it is. Nothing has been read so far. */
  async #prepareQueue(): Promise<void> {
    const { link, queue } = this.#scene
    await this.#retried(async (connection) => {
      this.#deliveryLimit = await this.#orStopped(preparedLimit(connection, link.shown, queue))
    })
  }

  /** Declares the log for the results, before the first item can be done. */
  async #openResults(connection: AmqpConnection): Promise<void> {
    const { batchId } = this.#intake
    if (!isBatchId(batchId)) {
      throw new ProducerError({
        code: 'JOURNAL_MISMATCH',
        message: "The journal's id cannot be that of a batch with results.",
        hint: 'Let the journal make an id of 1 to 40 letters, digits, - and _.',
        details: {},
      })
    }
    const { link, queue } = this.#scene
    const log = resultLogOf(queue, batchId)
    await this.#orStopped(declareResultLog(connection, link.shown, log, this.#options.results?.maxAgeMs))
  }

  /**
   * Tells collectors how many items there are. A run that has a journal and did not confirm all of them does not: the run that
   * goes on with it will.
   */
  async #closeResults(): Promise<void> {
    const { counts } = this.#ledger
    const isComplete = this.#stop === undefined && this.#ledger.failed === 0 && this.#intake.ended?.type === 'end'
    if (!isComplete && (this.#journal !== undefined || this.#stop?.type === 'lost')) return
    const { link, queue } = this.#scene
    const about = { address: link.shown, queue: resultLogOf(queue, this.#intake.batchId) }
    const content = Buffer.from(String(counts.confirmed))
    await this.#retried((connection) =>
      appendRecords(connection, about, [{ content, properties: { type: RESULT_RECORD.closed } }]),
    )
  }

  /** Runs an operation again while that may help and the call is not ended. */
  async #retried(operation: (connection: AmqpConnection) => Promise<void>): Promise<void> {
    const { link } = this.#scene
    const { signal } = this.#options
    for (;;) {
      try {
        await operation(await link.open(signal))
        const ended = aborted(signal)
        if (ended === undefined) return
        throw ended
      } catch (error) {
        const ended = aborted(signal)
        if (ended !== undefined) throw ended
        if (!(error instanceof ProducerError) || OPENING_TRIES_AGAIN.has(error.code)) throw error
        const isGone = error.code === 'CONNECTION_LOST' && !link.reconnects
        if (isGone || !(await this.#mayTryAgain(error.retryable))) throw error
      }
    }
  }

  async #publishAll(): Promise<void> {
    while (this.#stop === undefined) {
      const channel = await this.#openChannel()
      if (channel === undefined) continue
      await this.#publisher.publishOn(channel)
      if (channel.lost === undefined) return
      const unanswered = this.#ledger.channelLost()
      this.#channel = undefined
      await this.#recover(channel.lost.cause, unanswered)
    }
  }

  /** Opens the next channel; undefined when the call ends or has to try again. */
  async #openChannel(): Promise<PublishChannel | undefined> {
    const link = this.#linkNow()
    this.#used = link
    try {
      const connection = await link.open(this.#options.signal)
      const target = { call: this.#call, queue: this.#scene.queue, stamp: this.#stamp() }
      const opening = openPublishChannel(connection, link, target, {
        returned: (id, sequence) => this.#ledger.returned(id, sequence),
        settled: (tag, multiple, acked) => this.#onSettled(tag, multiple, acked),
        changed: () => this.#condition.notify(),
      })
      this.#channel = await this.#orStopped(opening, (channel) => void channel.close())
    } catch (error) {
      const failure = error instanceof ProducerError ? error : fromFault(this.#fault(error))
      if (!(await this.#mayTryAgain(failure.retryable && !OPENING_TRIES_AGAIN.has(failure.code)))) {
        this.#end({ type: 'lost', error: failure })
      }
      return undefined
    }
    this.#watchdog.progressed()
    return this.#channel
  }

  #stamp(): Stamp {
    const replyTo =
      this.#options.results === undefined ? undefined : resultLogOf(this.#scene.queue, this.#intake.batchId)
    return { type: itemType(this.#deliveryLimit), replyTo }
  }

  /** The connection of this call alone while there are suspects, else the one that calls share. */
  #linkNow(): Link {
    if (this.#separate === undefined) return this.#scene.link
    if (this.#suspects.limit !== undefined) return this.#separate
    void this.#separate.close()
    this.#separate = undefined
    return this.#scene.link
  }

  /** Other calls share the connection of the scene: what closes a connection must not close theirs again. */
  #openSeparate(): Link | undefined {
    const separate = this.#scene.link.separate()
    separate?.onChange(() => this.#condition.notify())
    return separate
  }

  #onSettled(tag: number, multiple: boolean, acked: boolean): void {
    const before = this.#ledger.unsettled
    this.#ledger.settled(tag, multiple, acked)
    this.#suspects.settled(before - this.#ledger.unsettled)
    const now = performance.now()
    this.#watchdog.progressed(now)
    this.#patience.progressed()
    this.#progress.settled(now)
    this.#checkJournal()
    this.#condition.notify()
  }

  #onItemSettled(outcome: ItemOutcome, index: number, messageId: string | undefined, item?: EncodedItem): void {
    if (outcome === 'confirmed' && item?.digest !== undefined) this.#journal?.confirmed(index, item.digest)
    if (!SETTLE.hasSubscribers) return
    const { queue, link } = this.#scene
    const diagnostic = { call: this.#call, queue, address: link.shown, index, messageId, outcome }
    this.#context.runInAsyncScope(() => SETTLE.publish(diagnostic))
  }

  /** After a channel was lost: goes on where that can help, and else ends the call. */
  async #recover(cause: unknown, unanswered: readonly EncodedItem[]): Promise<void> {
    const link = this.#used
    const isConnectionLost = cause === undefined
    const error = cause ?? link.lost ?? new Error('It was closed')
    const fault = this.#fault(error)
    const limit = messageLimit(error)
    if (limit !== undefined) return this.#refuseTooLarge(limit)
    if (isAboutMessage(error) && unanswered.length > 0) {
      if (isConnectionLost) this.#separate ??= this.#openSeparate()
      if (!isConnectionLost || this.#separate !== undefined) return this.#suspect(unanswered, fault)
    }
    const again = link.reconnects && fault.retryable === true && (await this.#mayTryAgain(true))
    if (!again) this.#end({ type: 'lost', error: fromFault(fault) })
  }

  /** The broker closed the channel for a message above its limit. */
  #refuseTooLarge(limit: number | 'unknown'): void {
    const known = limit === 'unknown' ? undefined : limit
    if (known !== undefined) this.#intake.limit(known)
    const refused = this.#ledger.oversized(known, (bytes) =>
      known === undefined
        ? `It is ${bytes} bytes, more than this broker allows: send a reference to the data instead.`
        : tooLarge(bytes, known),
    )
    this.#suspects.settled(refused)
  }

  /** The broker closed the channel or the connection for one of these items: finds out which. */
  #suspect(unanswered: readonly EncodedItem[], fault: AmqpFault): void {
    const culprit = this.#suspects.closed(unanswered)
    if (culprit !== undefined) this.#ledger.refuse(culprit, `The broker does not accept it. ${fault.message}`)
  }

  async #mayTryAgain(retryable: boolean): Promise<boolean> {
    if (!retryable || this.#stop !== undefined) return false
    return (await this.#patience.tryAgain(this.#options.signal)) && this.#stop === undefined
  }

  /** The value of a promise; undefined when the call ends first. A value that comes later is given to `late`. */
  async #orStopped<T>(promise: Promise<T>, late: (value: T) => void = () => {}): Promise<T | undefined> {
    const { signal } = this.#stopping
    try {
      return await within(promise, Number.POSITIVE_INFINITY, signal).then((value) => value as T)
    } catch (error) {
      if (!signal.aborted) throw error
      promise.then(late, () => {})
      return undefined
    }
  }

  #watch(): void {
    const { blocked } = this.#used
    const isWaiting = this.#channel !== undefined && this.#ledger.unsettled > 0
    const stop = this.#watchdog.look({ blocked, isWaiting })
    if (stop !== undefined) this.#end(stop)
    const { confirmTimeoutMs } = this.#options
    if ((this.#journal?.writingForMs ?? 0) > confirmTimeoutMs) {
      this.#end({ type: 'journal-failed', cause: new Error(`The journal wrote nothing for ${confirmTimeoutMs} ms.`) })
    }
  }

  #end(stop: Stop): void {
    this.#stop ??= stop
    this.#stopping.abort()
    this.#condition.notify()
  }

  /** A write to the journal ended: there is room again, or the journal takes no more. */
  #onJournal(): void {
    this.#checkJournal()
    this.#condition.notify()
  }

  #checkJournal(): void {
    const failed = this.#journal?.failed
    if (failed !== undefined) this.#end({ type: 'journal-failed', cause: failed.cause })
  }

  /** Confirmed items are written down also when the call ends early: else they would be published again. */
  #isJournalSafe(): boolean {
    const hasFailed = this.#journal?.failed !== undefined || this.#stop?.type === 'journal-failed'
    return this.#journal === undefined || this.#journal.pending === 0 || hasFailed
  }

  #fault(cause: unknown): AmqpFault {
    return publishFault(cause, { queue: this.#scene.queue, address: this.#scene.link.shown })
  }
}

/** Declares the queue if it is missing. Resolves to its delivery limit, where that can be known. */
async function preparedLimit(connection: AmqpConnection, address: string, queue: string): Promise<number | undefined> {
  if (!(await queueExists(connection, address, queue))) await declareOn(connection, address, queue, {})
  return await deliveryLimitOf(connection, { address, queue })
}
