import type { JournalRun } from '../journal/journal-run.ts'
import type { Ledger } from '../publish/ledger.ts'
import type { PublishChannel } from '../publish/publish-channel.ts'
import type { Condition } from './condition.ts'
import type { ItemIntake } from './item-intake.ts'
import type { Suspects } from './suspects.ts'
import type { Window } from './window.ts'

/** The parts of a call that publishing uses. */
export interface PublisherParts {
  readonly ledger: Ledger
  readonly intake: ItemIntake
  readonly journal: JournalRun | undefined
  readonly window: Window
  readonly suspects: Suspects
  readonly condition: Condition
  /** Whether the call ends before every item has its fate. */
  readonly isStopped: () => boolean
}

/** Publishes the items of a call on one channel: as many as the window, the socket and the suspects allow. */
export class Publisher {
  readonly #parts: PublisherParts

  constructor(parts: PublisherParts) {
    this.#parts = parts
  }

  /** Publishes until every item is settled, the channel is lost or the call ends. */
  async publishOn(channel: PublishChannel): Promise<void> {
    const { condition, ledger, window } = this.#parts
    window.reset()
    await condition.until(() => this.#publishSome(channel))
    channel.port.flush()
    await condition.until(() => this.#isOver(channel) || ledger.unsettled === 0)
  }

  /** Publishes everything that is there and that there is room for. Returns whether nothing more will come. */
  #publishSome(channel: PublishChannel): boolean {
    const { ledger, intake, suspects } = this.#parts
    while (!this.#isOver(channel)) {
      if (!ledger.hasWaiting) {
        if (intake.ended !== undefined) return true
        if (!intake.readOne()) break
      } else if (!this.#hasRoom()) {
        channel.port.flush()
        break
      } else {
        if (channel.port.full) break
        const next = ledger.publishNext()
        const refusal = next === undefined ? undefined : channel.publish(next)
        if (refusal === undefined) continue
        ledger.refuseLast(refusal.reason, refusal.cause)
        suspects.settled()
      }
    }
    // A source may end the call while it is asked.
    return this.#isOver(channel)
  }

  #hasRoom(): boolean {
    const { ledger, journal, window, suspects } = this.#parts
    const { limit } = suspects
    if (limit !== undefined && ledger.unsettled >= limit) return false
    return window.hasRoom(ledger.unsettled + (journal?.pending ?? 0), ledger.bytesInFlight)
  }

  #isOver(channel: PublishChannel): boolean {
    return this.#parts.isStopped() || channel.lost !== undefined
  }
}
