import { setTimeout as sleep } from 'node:timers/promises'
import { operationFault } from '@internal/amqp'
import { aborted } from './abort.ts'
import type { AmqpConnection } from './connection-options.ts'
import { declareOn, queueExists } from './declare-queue.ts'
import { SETTLE, type SettleDiagnostic } from './diagnostics.ts'
import { type Intake, messageLimit, type Stop, toEnqueueError, unsettledReason } from './ending.ts'
import { ProducerError } from './errors.ts'
import type { Tell } from './events.ts'
import type { Items } from './items.ts'
import { JournalRun } from './journal-run.ts'
import { Ledger } from './ledger.ts'
import type { Link } from './link.ts'
import { tooLarge } from './prepare.ts'
import { openPublishChannel, type PublishChannel } from './publish-channel.ts'
import type { ResolvedPublish } from './publish-options.ts'
import { Reader } from './reader.ts'
import type { Receipt } from './receipt.ts'
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
  readonly #waiter = new Waiter()
  readonly #ledger: Ledger
  readonly #journal: JournalRun | undefined
  readonly #reader: Reader
  readonly #startedAt = performance.now()
  #maxMessageBytes: number
  #channel: PublishChannel | undefined
  #stop: Stop | undefined
  #intake: Intake | undefined
  #progressAt = performance.now()
  #toldAt = 0
  /** When the connection was lost, and how often since the broker last confirmed anything. */
  #lostAt: number | undefined
  #losses = 0

  constructor(scene: EnqueueScene, items: Items, options: ResolvedPublish) {
    this.#scene = scene
    this.#options = options
    this.#maxMessageBytes = options.maxMessageBytes
    this.#journal =
      options.journal === undefined ? undefined : new JournalRun(options.journal, () => this.#waiter.check())
    this.#ledger = new Ledger({
      onSettled: (outcome, index, message, parcel) => {
        if (outcome === 'confirmed' && parcel?.digest !== undefined) this.#journal?.confirmed(index, parcel.digest)
        if (SETTLE.hasSubscribers) {
          const diagnostic: SettleDiagnostic = { queue: scene.queue, index, messageId: message?.id, outcome }
          SETTLE.publish(diagnostic)
        }
      },
    })
    this.#reader = new Reader(items, options, this.#journal)
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
      if (journal !== undefined) await this.#resume()
      await this.#publishAll()
      await this.#waiter.until(() => this.#journalSafe())
    } finally {
      clearInterval(watchdog)
      signal?.removeEventListener('abort', onAbort)
      stopListening()
      await this.#channel?.close()
      await this.#reader.close()
      await this.#journal?.close()
    }
    this.#checkJournal()
    if (this.#stop !== undefined) this.#ledger.abandon(unsettledReason(this.#stop, this.#options))
    this.#tellProgress()
    const { counts, bytes, resumed } = this.#ledger
    if (this.#stop !== undefined || this.#ledger.failed > 0 || this.#intake?.type !== 'end') {
      throw toEnqueueError(queue, this.#ledger, this.#stop, this.#intake, this.#options)
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
        if (!(await queueExists(connection, link.shown, queue))) await declareOn(connection, link.shown, queue, {})
        return
      } catch (error) {
        const ended = aborted(signal)
        if (ended !== undefined) throw ended
        if (!(error instanceof ProducerError) || error.code === 'BROKER_UNREACHABLE') throw error
        if (!(await this.#mayTryAgain(error.retryable))) throw error
      }
    }
  }

  /** Reads over all that the journal knows, before anything is published: another item at any of its places ends the call. */
  async #resume(): Promise<void> {
    const { link, queue } = this.#scene
    const journal = this.#journal
    await journal?.open({ vhost: link.vhost ?? null, queue })
    while (journal !== undefined && this.#reader.index < journal.end && this.#stop === undefined) {
      await this.#readOne()
      if (this.#intake === undefined) continue
      if (this.#intake.type === 'end') throw this.#mismatch(`holds only ${this.#reader.index} items now`)
      return
    }
  }

  async #publishAll(): Promise<void> {
    while (this.#stop === undefined) {
      const { link, queue } = this.#scene
      let connection: AmqpConnection
      try {
        connection = await link.open(this.#options.signal)
        this.#channel = await openPublishChannel(connection, link, queue, {
          returned: (tag) => this.#ledger.returned(tag),
          settled: (tag, multiple, acked) => this.#onSettled(tag, multiple, acked),
          changed: () => this.#waiter.check(),
        })
      } catch (error) {
        const fault = error instanceof ProducerError ? error : new ProducerError(this.#fault(error))
        if (!(await this.#mayTryAgain(fault.retryable && fault.code !== 'BROKER_UNREACHABLE'))) {
          this.#end({ type: 'lost', error: fault })
        }
        continue
      }
      this.#progressAt = performance.now()
      const channel = this.#channel
      await this.#publishOn(channel)
      if (channel.lost === undefined) return
      this.#ledger.channelLost()
      this.#channel = undefined
      await this.#recover(channel.lost.cause)
    }
  }

  /** Publishes until everything is settled, the channel is lost or the call ends. */
  async #publishOn(channel: PublishChannel): Promise<void> {
    const ledger = this.#ledger
    const over = (): boolean => this.#stop !== undefined || channel.lost !== undefined
    while (!over()) {
      if (!ledger.hasWaiting && this.#intake === undefined) await this.#readOne(channel)
      if (!ledger.hasWaiting) {
        if (this.#intake === undefined) continue
        break
      }
      if (over()) break
      if (!this.#hasRoom()) {
        channel.port.flush()
        // Half a window later: a publisher that is woken by every confirm does nothing but wake up.
        await this.#waiter.until(() => over() || this.#hasRoom(0.5))
        continue
      }
      if (channel.port.full) {
        await this.#waiter.until(() => over() || !channel.port.full)
        continue
      }
      const next = ledger.publishNext()
      if (next !== undefined) channel.publish(next.parcel, next.tag)
    }
    channel.port.flush()
    await this.#waiter.until(() => over() || ledger.unsettled === 0)
  }

  /** Reads one item into the ledger. Returns without one when the call or the channel ends first. */
  async #readOne(channel?: PublishChannel): Promise<void> {
    if (this.#ledger.failed >= this.#options.maxFailures) {
      this.#intake = { type: 'too-many-failures' }
      return
    }
    let arrived = false
    let reading = this.#reader.read(() => {
      arrived = true
      this.#waiter.check()
    })
    if (reading === undefined) {
      await this.#waiter.until(() => arrived || this.#stop !== undefined || channel?.lost !== undefined)
      if (!arrived) return
      reading = this.#reader.read(() => {})
    }
    switch (reading?.type) {
      case 'item': {
        const { parcel } = reading
        const { bytes } = parcel.encoded
        if (bytes <= this.#maxMessageBytes) this.#ledger.took(parcel)
        else this.#ledger.invalid(parcel.index, parcel.message, tooLarge(bytes, this.#maxMessageBytes))
        return
      }
      case 'invalid':
        this.#ledger.invalid(reading.index, reading.message, reading.reason, reading.cause)
        return
      case 'resumed':
        this.#ledger.resume(reading.bytes)
        return
      case 'mismatch':
        throw this.#mismatch(`has another item at index ${reading.index}`)
      case 'end':
        this.#intake = { type: 'end' }
        return
      case 'failed':
        this.#intake = { type: 'failed', cause: reading.cause }
        return
      default:
        return
    }
  }

  #hasRoom(share = 1): boolean {
    const { window, windowBytes } = this.#options
    const { unsettled, bytesInFlight } = this.#ledger
    const open = unsettled + (this.#journal?.pending ?? 0)
    // Of a window of one, half is none.
    return (open < window * share || open === 0) && bytesInFlight < windowBytes
  }

  #onSettled(tag: number, multiple: boolean, acked: boolean): void {
    this.#ledger.settled(tag, multiple, acked)
    this.#progressAt = performance.now()
    this.#lostAt = undefined
    this.#losses = 0
    if (this.#progressAt - this.#toldAt >= PROGRESS_MS) this.#tellProgress()
    this.#checkJournal()
    this.#waiter.check()
  }

  /** After a channel was lost: goes on where that can help, and else ends the call. */
  async #recover(cause: unknown): Promise<void> {
    const fault = this.#fault(cause ?? this.#scene.link.lost ?? new Error('It was closed'))
    const limit = messageLimit(fault)
    if (limit !== undefined) {
      if (limit !== 'unknown') this.#maxMessageBytes = Math.min(this.#maxMessageBytes, limit)
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

  /** Whether the time for healing is not over; waits a moment when the last attempt came to nothing. */
  async #mayTryAgain(retryable: boolean): Promise<boolean> {
    if (!retryable || this.#stop !== undefined) return false
    const now = performance.now()
    this.#lostAt ??= now
    if (now - this.#lostAt >= this.#scene.reconnectForMs) return false
    this.#losses += 1
    if (this.#losses > 1) {
      const pauseMs = Math.random() * Math.min(5_000, 100 * 2 ** this.#losses)
      const { signal } = this.#options
      await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => {})
    }
    return this.#stop === undefined
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
    this.#scene.tell('progress', { queue: this.#scene.queue, counts: this.#ledger.counts })
  }

  #fault(cause: unknown): ReturnType<typeof operationFault> {
    const { queue, link } = this.#scene
    return operationFault(cause, { queue, address: link.shown, needs: "write on exchange 'amq.default'" })
  }

  #mismatch(what: string): ProducerError {
    return new ProducerError({
      code: 'JOURNAL_MISMATCH',
      message: `The source ${what}: the journal is about other items. Nothing was published.`,
      hint: 'Give the items of the run that was interrupted, in the same order, or another journal.',
      details: { queue: this.#scene.queue },
    })
  }
}
