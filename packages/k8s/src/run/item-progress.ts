import { pause } from '@internal/async'
import type { JobCounts } from '../job/job-state.ts'
import type { Counted } from '../queue/count-queue.ts'
import { type ItemCounts, ItemTally, type TallyStart } from '../queue/item-tally.ts'
import { type RunQueue, readQueue } from '../queue/queue-reading.ts'
import { type RunListeners, tell } from '../wait/run-events.ts'

const MOST_OFTEN_MS = 1_000
const LEAST_OFTEN_MS = 10_000
const READ_TIMEOUT_MS = 10_000

/** How long to wait before the next reading: a hundredth of the time so far, between 1 s and 10 s. */
export function readAgainInMs(runningMs: number): number {
  return Math.min(LEAST_OFTEN_MS, Math.max(MOST_OFTEN_MS, runningMs / 100))
}

/** A run whose items are counted on the way, for its `progress` events and its timeline. */
export class ItemProgress {
  /** The listeners of the app, whose `progress` also says how far the items are. */
  readonly on: RunListeners
  readonly #queue: RunQueue
  readonly #given: RunListeners
  readonly #tally: ItemTally
  readonly #ended = new AbortController()
  readonly #reading: Promise<void>
  #pods: JobCounts | undefined
  #items: ItemCounts | undefined
  #told = ''

  /** Begins to read the queue. It is read until {@link stop}, whatever the number of items and pods. */
  constructor(queue: RunQueue, start: TallyStart, given: RunListeners, signal: AbortSignal | undefined) {
    this.#queue = queue
    this.#given = given
    this.#tally = new ItemTally(start)
    this.on = {
      ...given,
      progress: (counts) => {
        this.#pods = counts
        this.#tell()
      },
    }
    const ended = this.#ended.signal
    this.#reading = this.#read(signal === undefined ? ended : AbortSignal.any([signal, ended]))
  }

  /** Tells the last count of the run. */
  end({ reading }: Counted): void {
    if (reading?.verified !== true) return
    this.#items = this.#tally.end(reading)
    this.#tell()
  }

  /** Reads no more. Resolves when a reading that is under way has ended. */
  async stop(): Promise<void> {
    this.#ended.abort()
    await this.#reading
  }

  async #read(signal: AbortSignal): Promise<void> {
    const begun = performance.now()
    while (!signal.aborted) {
      try {
        const reading = await readQueue(this.#queue, READ_TIMEOUT_MS, signal, { mayTake: false })
        const { active = 0, terminating = 0 } = this.#pods ?? {}
        const items = reading.verified ? this.#tally.take(reading, active + terminating) : undefined
        this.#items = items ?? this.#items
        this.#tell()
      } catch {
        // The broker may be away for a moment: the count at the end is the one that matters.
      }
      await pause(readAgainInMs(performance.now() - begun), signal).catch(() => undefined)
    }
  }

  #tell(): void {
    if (this.#pods === undefined) return
    const event = { ...this.#pods, ...(this.#items === undefined ? {} : { items: this.#items }) }
    const text = JSON.stringify(event)
    if (text !== this.#told) tell(this.#given, 'progress', event)
    this.#told = text
  }
}
