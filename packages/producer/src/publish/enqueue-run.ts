import { AsyncResource } from 'node:async_hooks'
import { type AmqpConnection, operationFault } from '@internal/amqp'
import { aborted } from '../abort.ts'
import type { Link } from '../connection/link.ts'
import { Patience } from '../connection/patience.ts'
import { SETTLE, type SettleDiagnostic } from '../diagnostics.ts'
import { ProducerError } from '../errors.ts'
import type { Tell } from '../events.ts'
import { ItemIntake } from '../items/item-intake.ts'
import type { Items } from '../items/items.ts'
import { tooLarge } from '../items/prepare.ts'
import { JournalRun } from '../journal/journal-run.ts'
import { declareOn, queueExists } from '../queue/declare-queue.ts'
import type { Receipt } from '../receipt.ts'
import { messageLimit, type Stop, toEnqueueError, unsettledReason } from './ending.ts'
import { Ledger } from './ledger.ts'
import { openPublishChannel, type PublishChannel } from './publish-channel.ts'
import type { ResolvedPublish } from './publish-options.ts'
import { Waiter } from './waiter.ts'

/** What a call of `enqueue` uses of its surroundings. */
export interface EnqueueScene {
  readonly link: Link
  readonly queue: string
  readonly tell: Tell
  readonly reconnectForMs: number
}

const PROGRESS_MS = 250

/** One call of `enqueue`: items go to a queue over as many channels as it takes, and the ledger knows the fate of each. */
export class EnqueueRun {
  readonly #scene: EnqueueScene
  readonly #options: ResolvedPublish
  /** That of the caller: its sources, schemas and subscribers see the AsyncLocalStorage that it sees. */
  readonly #context = new AsyncResource('podqueue:enqueue')
  readonly #waiter = new Waiter(this.#context)
  readonly #ledger: Ledger
  readonly #journal: JournalRun | undefined
  readonly #intake: ItemIntake
  readonly #startedAt = performance.now()
  readonly #patience: Patience
  #channel: PublishChannel | undefined
  #stop: Stop | undefined
  #isFull = false
  #progressAt = performance.now()
  #toldAt = 0

  constructor(scene: EnqueueScene, items: Items, options: ResolvedPublish) {
    this.#scene = scene
    this.#options = options
    this.#patience = new Patience(scene.reconnectForMs)
    this.#journal = options.journal === undefined ? undefined : new JournalRun(options.journal, () => this.#onJournal())
    this.#ledger = new Ledger({
      onSettled: (outcome, index, messageId, parcel) => {
        if (outcome === 'confirmed' && parcel?.digest !== undefined) this.#journal?.confirmed(index, parcel.digest)
        if (SETTLE.hasSubscribers) {
          const diagnostic: SettleDiagnostic = { queue: scene.queue, index, messageId, outcome }
          this.#context.runInAsyncScope(() => SETTLE.publish(diagnostic))
        }
      },
    })
    this.#intake = new ItemIntake(items, options, this.#ledger, this.#journal, this.#waiter)
  }

  async run(): Promise<Receipt> {
    const { link, queue } = this.#scene
    const { signal, journal } = this.#options
    const onAbort = (): void => this.#end({ type: 'aborted' })
    const stopListening = link.onChange(() => this.#waiter.check())
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted === true) onAbort()
    const watchdog = setInterval(() => this.#watch(), this.#watchEveryMs())
    try {
      await this.#prepareQueue()
      await this.#intake.resume({ vhost: link.vhost ?? null, queue }, () => this.#stop !== undefined)
      await this.#publishAll()
      await this.#waiter.until(() => this.#journalSafe())
    } finally {
      clearInterval(watchdog)
      signal?.removeEventListener('abort', onAbort)
      stopListening()
      await this.#channel?.close()
      await this.#intake.close()
      await this.#journal?.close()
    }
    this.#checkJournal()
    if (this.#stop !== undefined) this.#ledger.abandon(unsettledReason(this.#stop, this.#options))
    this.#tellProgress()
    const { counts, bytes, resumed } = this.#ledger
    if (this.#stop !== undefined || this.#ledger.failed > 0 || this.#intake.ended?.type !== 'end') {
      throw toEnqueueError(queue, this.#ledger, this.#stop, this.#intake.ended, this.#options)
    }
    const durationMs = Math.round(performance.now() - this.#startedAt)
    const { total, confirmed } = counts
    return { queue, total, confirmed, bytes, durationMs, ...(journal === undefined ? {} : { resumed }) }
  }

  /** A queue that is missing is declared; one that is there is used as it is. Nothing has been read so far. */
  async #prepareQueue(): Promise<void> {
    const { link, queue } = this.#scene
    const { signal } = this.#options
    for (;;) {
      try {
        const connection = await link.open(signal)
        await this.#orStopped(declareIfMissing(connection, link.shown, queue))
        const ended = aborted(signal)
        if (ended === undefined) return
        throw ended
      } catch (error) {
        const ended = aborted(signal)
        if (ended !== undefined) throw ended
        if (!(error instanceof ProducerError) || error.code === 'BROKER_UNREACHABLE') throw error
        const isGone = error.code === 'CONNECTION_LOST' && !link.reconnects
        if (isGone || !(await this.#mayTryAgain(error.retryable))) throw error
      }
    }
  }

  async #publishAll(): Promise<void> {
    while (this.#stop === undefined) {
      const { link, queue } = this.#scene
      let connection: AmqpConnection
      try {
        connection = await link.open(this.#options.signal)
        const opening = openPublishChannel(connection, link, queue, {
          returned: (id, sequence) => this.#ledger.returned(id, sequence),
          settled: (tag, multiple, acked) => this.#onSettled(tag, multiple, acked),
          changed: () => this.#waiter.check(),
        })
        this.#channel = await this.#orStopped(opening, (channel) => void channel.close())
      } catch (error) {
        const fault = error instanceof ProducerError ? error : new ProducerError(this.#fault(error))
        if (!(await this.#mayTryAgain(fault.retryable && fault.code !== 'BROKER_UNREACHABLE'))) {
          this.#end({ type: 'lost', error: fault })
        }
        continue
      }
      this.#progressAt = performance.now()
      const channel = this.#channel
      if (channel === undefined) continue
      await this.#publishOn(channel)
      if (channel.lost === undefined) return
      this.#ledger.channelLost()
      this.#channel = undefined
      await this.#recover(channel.lost.cause)
    }
  }

  /** Publishes until everything is settled, the channel is lost or the call ends. */
  async #publishOn(channel: PublishChannel): Promise<void> {
    this.#isFull = false
    await this.#waiter.until(() => this.#publishSome(channel))
    channel.port.flush()
    await this.#waiter.until(() => this.#isOver(channel) || this.#ledger.unsettled === 0)
  }

  /** Publishes all that is there and that there is room for. Returns whether nothing more will come. */
  #publishSome(channel: PublishChannel): boolean {
    const ledger = this.#ledger
    while (!this.#isOver(channel)) {
      if (!ledger.hasWaiting) {
        if (this.#intake.ended !== undefined) return true
        if (!this.#intake.readOne()) break
      } else if (!this.#hasRoom()) {
        channel.port.flush()
        break
      } else {
        if (channel.port.full) break
        const next = ledger.publishNext()
        if (next !== undefined) channel.publish(next)
      }
    }
    // A source may end the call while it is asked.
    return this.#isOver(channel)
  }

  #isOver(channel: PublishChannel): boolean {
    return this.#stop !== undefined || channel.lost !== undefined
  }

  /** Once the window is full, not before it is half empty: a publisher that is woken by every confirm only wakes up. */
  #hasRoom(): boolean {
    const { window, windowBytes } = this.#options
    const { unsettled, bytesInFlight } = this.#ledger
    const open = unsettled + (this.#journal?.pending ?? 0)
    const limit = this.#isFull ? window / 2 : window
    // Of a window of one, half is none.
    const hasRoom = (open < limit || open === 0) && bytesInFlight < windowBytes
    this.#isFull = !hasRoom
    return hasRoom
  }

  #onSettled(tag: number, multiple: boolean, acked: boolean): void {
    this.#ledger.settled(tag, multiple, acked)
    this.#progressAt = performance.now()
    this.#patience.progressed()
    if (this.#progressAt - this.#toldAt >= PROGRESS_MS) this.#tellProgress()
    this.#checkJournal()
    this.#waiter.check()
  }

  /** After a channel was lost: goes on where that can help, and else ends the call. */
  async #recover(cause: unknown): Promise<void> {
    const fault = this.#fault(cause ?? this.#scene.link.lost ?? new Error('It was closed'))
    const limit = messageLimit(fault)
    if (limit !== undefined) {
      if (limit !== 'unknown') this.#intake.limit(limit)
      const known = limit === 'unknown' ? undefined : limit
      this.#ledger.oversized(known, (bytes) =>
        known === undefined
          ? `It is ${bytes} bytes, more than this broker allows: send a reference to the data instead.`
          : tooLarge(bytes, known),
      )
      return
    }
    const again = this.#scene.link.reconnects && fault.retryable === true && (await this.#mayTryAgain(true))
    if (!again) this.#end({ type: 'lost', error: new ProducerError(fault) })
  }

  async #mayTryAgain(retryable: boolean): Promise<boolean> {
    if (!retryable || this.#stop !== undefined) return false
    return (await this.#patience.tryAgain(this.#options.signal)) && this.#stop === undefined
  }

  /** What a promise comes to, unless the call ends first; what comes later is handed to `late`. */
  async #orStopped<T>(promise: Promise<T>, late: (value: T) => void = () => {}): Promise<T | undefined> {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined
    let isLate = false
    promise.then(
      (value) => {
        outcome = { value }
        if (isLate) late(value)
        this.#waiter.check()
      },
      (error: unknown) => {
        outcome = { error }
        this.#waiter.check()
      },
    )
    await this.#waiter.until(() => outcome !== undefined || this.#stop !== undefined)
    const known = outcome as { readonly value: T } | { readonly error: unknown } | undefined
    isLate = known === undefined
    if (known === undefined) return undefined
    if ('error' in known) throw known.error
    return known.value
  }

  #watch(): void {
    const { confirmTimeoutMs, blockedTimeoutMs } = this.#options
    const { blocked } = this.#scene.link
    const now = performance.now()
    if (blocked !== undefined) {
      this.#progressAt = now
      if (now - blocked.since > blockedTimeoutMs) this.#end({ type: 'blocked', reason: blocked.reason })
    } else if (this.#channel === undefined || this.#ledger.unsettled === 0) this.#progressAt = now
    else if (now - this.#progressAt > confirmTimeoutMs) this.#end({ type: 'silent' })
  }

  #watchEveryMs(): number {
    const { confirmTimeoutMs, blockedTimeoutMs } = this.#options
    return Math.max(10, Math.min(1_000, confirmTimeoutMs / 4, blockedTimeoutMs / 4))
  }

  #end(stop: Stop): void {
    this.#stop ??= stop
    this.#waiter.check()
  }

  /** A write came to an end: there is room again, or the journal can hold no more. */
  #onJournal(): void {
    this.#checkJournal()
    this.#waiter.check()
  }

  #checkJournal(): void {
    const failed = this.#journal?.failed
    if (failed !== undefined) this.#end({ type: 'journal-failed', cause: failed.cause })
  }

  /** What was confirmed is written down, also when the call ends early: it would be published again. */
  #journalSafe(): boolean {
    return this.#journal === undefined || this.#journal.pending === 0 || this.#journal.failed !== undefined
  }

  #tellProgress(): void {
    this.#toldAt = performance.now()
    const progress = { queue: this.#scene.queue, counts: this.#ledger.counts }
    this.#context.runInAsyncScope(() => this.#scene.tell('progress', progress))
  }

  #fault(cause: unknown): ReturnType<typeof operationFault> {
    const { queue, link } = this.#scene
    return operationFault(cause, { queue, address: link.shown, needs: "write on exchange 'amq.default'" })
  }
}

async function declareIfMissing(connection: AmqpConnection, address: string, queue: string): Promise<void> {
  if (!(await queueExists(connection, address, queue))) await declareOn(connection, address, queue, {})
}
