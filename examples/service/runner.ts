import { setTimeout as sleep } from 'node:timers/promises'
import { type JobClient, JobFailedError, type JobResult, type JobSpec, K8sError } from '@podqueue/k8s'
import { type ItemResult, type Producer, ProducerError, type QueueView } from '@podqueue/producer'
import type { BatchEnd, Store } from './store.ts'
import { within } from './tracing.ts'

/** The parts that run batches: made once, used for all of them. */
export interface RunnerOptions {
  readonly store: Store
  readonly producer: Producer
  readonly jobs: JobClient
  /** The Job of a batch, less what differs from batch to batch. */
  readonly job: Pick<JobSpec, 'image' | 'env' | 'resources' | 'imagePullPolicy'>
  /** The broker's address as the pods reach it. */
  readonly podUrl: string
  /** Queues and Jobs are named `<prefix>-<batch>`. */
  readonly prefix: string
  /** Batches that run at the same time; the others wait. */
  readonly atOnce: number
}

/** How often a batch is tried again after errors that may pass, such as a broker that is away, and how long it waits at most. */
const TRIES = 20
const LONGEST_WAIT_MS = 30_000
/** Results are written together: one transaction each would be slow. */
const WRITE_EVERY_MS = 50
const WRITE_AT = 500
/** How long Kubernetes keeps a Job that has ended, with the logs of its pods. A service that comes back later finds the results all the same. */
const JOB_FOR_MS = 24 * 3_600_000
/** How long the queue may say nothing after the Job. It is asked again, as after every error that may pass. */
const COUNT_WITHIN_MS = 15_000
/** After a Job has failed, how long results that are on their way are waited for. */
const LAST_RESULTS_MS = 2_000

/** Runs the batches of a store, each over a queue and a Job of its own, until it is stopped. */
export class Runner {
  readonly #options: RunnerOptions
  readonly #waiting: string[]
  readonly #running = new Map<string, AbortController>()
  readonly #onError: (error: unknown) => void
  #isStarted = false

  /** Knows everything that the store has not finished, and goes on with it once it is started. `onError` is called with faults of the service itself. */
  constructor(options: RunnerOptions, onError: (error: unknown) => void) {
    this.#options = options
    this.#onError = onError
    this.#waiting = options.store.unfinished()
  }

  start(): void {
    this.#isStarted = true
    this.#fill()
  }

  /** Takes on a batch that the store has just got. */
  add(id: string): void {
    this.#waiting.push(id)
    this.#fill()
  }

  /** Runs the items of a batch again that have no result. Returns whether there are any, and the batch is over. */
  retry(id: string, traceparent?: string): boolean {
    if (this.#running.has(id) || !this.#options.store.retry(id, traceparent)) return false
    this.add(id)
    return true
  }

  /** Deletes a batch that has ended. Where its queue could not be deleted, that is tried again first. */
  forget(id: string): void {
    if (this.#running.has(id) || this.#waiting.includes(id)) return
    if (!this.#options.store.remove(id)) this.add(id)
  }

  /** Batches that wait or run. */
  get unfinished(): number {
    return this.#waiting.length + this.#running.size
  }

  /** Batches that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Ends a batch as `cancelled`: its Job, its queue and its results on the broker are deleted. Returns whether it was not over. */
  cancel(id: string): boolean {
    const { store } = this.#options
    if (!store.cancel(id)) return false
    this.#running.get(id)?.abort()
    const place = this.#waiting.indexOf(id)
    if (place !== -1 && store.batch(id)?.startedAt === null) {
      this.#waiting.splice(place, 1)
      store.end(id, { state: 'cancelled' })
      store.cleaned(id)
    }
    return true
  }

  #fill(): void {
    while (this.#isStarted && this.#running.size < this.#options.atOnce) {
      const id = this.#waiting.shift()
      if (id === undefined) return
      const ending = new AbortController()
      this.#running.set(id, ending)
      within(this.#options.store.traceparent(id), () => this.#finish(id, ending.signal))
        .catch(this.#onError)
        .finally(() => {
          this.#running.delete(id)
          this.#fill()
        })
    }
  }

  /** Brings one batch to its end, from wherever it is. */
  async #finish(id: string, cancelled: AbortSignal): Promise<void> {
    const { store, jobs } = this.#options
    const state = store.batch(id)?.state
    if (state === 'waiting' || state === 'running') store.end(id, await this.#run(id, cancelled))
    else if (state === 'cancelling') {
      // A service before this one was killed while it cancelled: the call with the same run id finds the Job.
      await this.#retried(id, async () => (await jobs.submitJob(this.#spec(id), { runId: store.runId(id) })).delete())
      store.end(id, { state: 'cancelled' })
    }
    await this.#retried(id, () => this.#cleanUp(id))
    store.cleaned(id)
  }

  async #run(id: string, cancelled: AbortSignal): Promise<BatchEnd> {
    const { store } = this.#options
    store.start(id)
    try {
      const { timeline } = await this.#retried(id, () => this.#attempt(id, cancelled), cancelled)
      return { state: 'done', timeline }
    } catch (error) {
      if (cancelled.aborted) return { state: 'cancelled' }
      if (!(error instanceof ProducerError || error instanceof K8sError)) throw error
      const { code, message, hint } = error
      return {
        state: 'failed',
        error: { code, message, hint },
        timeline: error instanceof K8sError ? error.timeline : undefined,
      }
    }
  }

  /**
   * Publishes the items, runs the Job and collects the results. Called again, also by another process, it goes on: the
   * journal knows what was published, the run id which Job is this batch's, the offset which results are here.
   */
  async #attempt(id: string, signal: AbortSignal): Promise<JobResult> {
    const { store, jobs } = this.#options
    const queue = this.#queue(id)
    await queue.enqueue(store.items(id), { journal: store.journal(id), results: true, signal })
    const ending = new AbortController()
    const either = AbortSignal.any([signal, ending.signal])
    const collecting = this.#collect(id, either)
    collecting.catch(() => ending.abort())
    const running = jobs.runJob(this.#spec(id), {
      runId: store.runId(id),
      signal: either,
      queue,
      deadLettered: 'report',
      timeline: true,
      countTimeoutMs: COUNT_WITHIN_MS,
      on: {
        progress: (counts) => store.setPods(id, counts),
        podFailed: (failure) => store.addPodFailure(id, failure),
        stuck: ({ message }) => store.setNote(id, message),
      },
    })
    const [job, results] = await Promise.allSettled([
      running.catch(async (error: unknown) => {
        await Promise.race([collecting.catch(() => {}), sleep(LAST_RESULTS_MS)])
        ending.abort()
        throw error
      }),
      collecting,
    ])
    // The first cause: the other one was aborted because of it.
    const failures = [job, results].flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    const [first] = failures.toSorted((one, other) => Number(one.code === 'ABORTED') - Number(other.code === 'ABORTED'))
    if (job.status === 'rejected' || first !== undefined) throw first
    return job.value
  }

  /** Writes down the end of each item, and keeps the log: it is deleted once the end of the batch is written. */
  async #collect(id: string, signal: AbortSignal): Promise<void> {
    const { store } = this.#options
    let unwritten: ItemResult<unknown>[] = []
    let timer: NodeJS.Timeout | undefined
    const write = (): void => {
      clearTimeout(timer)
      timer = undefined
      if (unwritten.length > 0) store.addResults(id, unwritten)
      unwritten = []
    }
    try {
      const options = { after: store.offset(id), keep: true, signal }
      for await (const result of this.#queue(id).collectResults({ id: store.runId(id) }, options)) {
        unwritten.push(result)
        if (unwritten.length >= WRITE_AT) write()
        else timer ??= setTimeout(write, WRITE_EVERY_MS)
      }
    } finally {
      write()
    }
  }

  async #cleanUp(id: string): Promise<void> {
    await this.#queue(id).delete({ discardItems: true })
    await this.#queue(id).deleteBatch({ id: this.#options.store.runId(id) })
  }

  #queue(id: string): QueueView {
    return this.#options.producer.queue(this.#name(id))
  }

  #name(id: string): string {
    return `${this.#options.prefix}-${id}`
  }

  #spec(id: string): JobSpec {
    const { store, job, podUrl } = this.#options
    const { parallelism = 1 } = store.batch(id) ?? {}
    const { length: items } = store.items(id)
    const name = this.#name(id)
    return {
      ...job,
      name,
      items,
      itemsPerPod: 'all',
      parallelism: Math.min(parallelism, items),
      queue: { name, podUrl },
      ttlMs: JOB_FOR_MS,
    }
  }

  /** Tries again after errors that may pass, and says in the meantime what it waits for. */
  async #retried<T>(id: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await action()
      } catch (error) {
        // A Job that has failed stays failed.
        const isOurs =
          error instanceof ProducerError || (error instanceof K8sError && !(error instanceof JobFailedError))
        if (!(isOurs && error.retryable) || attempt === TRIES || signal?.aborted === true) throw error
        this.#options.store.setNote(id, `${error.message} It is tried again.`)
        await sleep(Math.min(LONGEST_WAIT_MS, 500 * 2 ** attempt), undefined, { signal })
      }
    }
  }
}
