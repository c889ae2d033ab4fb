import type { KubeApi } from '../api/kube-api.ts'
import type { Timeline, TimelineEvent, TimelineItems } from '../job/timeline.ts'
import { type QueueReading, type RunQueue, readingBy } from '../queue/queue-reading.ts'
import { JobRecorder } from './job-recorder.ts'
import { numberAttempts } from './numbered-attempts.ts'
import { sampled } from './sample.ts'

const MOST_ITEMS = 1000
const MOST_EVENTS = 100
const LONGEST_MESSAGE = 500

/** Records a run, Job after Job, for its timeline. Nothing that goes wrong here changes the run. */
export class TimelineRecorder {
  readonly #api: KubeApi
  readonly #jobs: JobRecorder[] = []
  #items: TimelineItems[] = []
  readonly #events: TimelineEvent[] = []
  #itemsAtStart: number | undefined
  #itemsPerConsumer = 1

  constructor(api: KubeApi) {
    this.#api = api
  }

  /** Begins with the run's next Job. */
  nextJob(): JobRecorder {
    const job = new JobRecorder(this.#api, this.#jobs.length)
    this.#jobs.push(job)
    return job
  }

  /** The number of items at the first start of the run, and how many of them a consumer may hold at the same time. */
  start(items: number | undefined, itemsPerConsumer: number): void {
    this.#itemsAtStart = items
    this.#itemsPerConsumer = itemsPerConsumer
  }

  /** The same queue, whose readings the timeline keeps. */
  reading(queue: RunQueue): RunQueue {
    return readingBy(queue, async (options) => {
      const reading = await queue.inspect(options)
      this.#note(reading)
      return reading
    })
  }

  /** Something that happened. */
  event(reason: string, message: string): void {
    if (this.#events.length >= MOST_EVENTS) return
    this.#events.push({ at: new Date().toISOString(), reason, message: message.slice(0, LONGEST_MESSAGE) })
  }

  /** The run as it is known by now. */
  timeline(): Timeline {
    const jobs = this.#jobs.map((each) => each.summary()).filter((job) => job !== undefined)
    const all = this.#jobs.flatMap((each) => each.pods())
    const pods = sampled(numberAttempts(all))
    const partly = pods.length < all.length || this.#jobs.some((each) => each.partly)
    const made = this.#jobs.reduce((sum, each) => sum + each.made, 0)
    const unreadable = this.#jobs.map((each) => each.unreadable).find((why) => why !== undefined)
    return {
      jobs,
      pods,
      ...(partly ? { sampledFrom: Math.max(made, all.length) } : {}),
      items: [...this.#items],
      ...(this.#itemsAtStart === undefined ? {} : { itemsAtStart: this.#itemsAtStart }),
      ...(this.#itemsPerConsumer === 1 ? {} : { itemsPerConsumer: this.#itemsPerConsumer }),
      events: [...this.#events],
      ...(unreadable === undefined ? {} : { unreadable }),
    }
  }

  #note(reading: QueueReading): void {
    // It is an app's: readQueue judges it.
    const { ready, consumers, deadLetters, verified } = reading ?? {}
    if (verified !== true || typeof ready !== 'number' || typeof consumers !== 'number') return
    this.#items.push({
      at: new Date().toISOString(),
      ready,
      consumers,
      ...(typeof deadLetters === 'number' ? { deadLetters } : {}),
    })
    // Half as many, over the whole time: a run may take days.
    if (this.#items.length > MOST_ITEMS) this.#items = this.#items.filter((_, at) => at % 2 === 0)
  }
}
