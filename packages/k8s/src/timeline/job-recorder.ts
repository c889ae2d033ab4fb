import { describeThrown } from '@internal/errors'
import type { JobObject, PodObject } from '../api/api-objects.ts'
import { asK8sError } from '../api/as-k8s-error.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { listPods } from '../api/resources.ts'
import { countsOf, decisionOf, endedAt } from '../job/job-state.ts'
import type { TimelineJob, TimelinePod } from '../job/timeline.ts'
import { podsMade, readPods } from './read-pods.ts'
import { timelinePod } from './timeline-pod.ts'

/** Pods that are being ended are gone soon after; those of a node that is gone stay for long. */
const LOOK_EVERY_MS = 10_000
const LOOK_LIMIT = 500
/** A picture is not worth more: the result, or the error, waits for it. */
const READ_TIMEOUT_MS = 30_000
/** After an abort, or when the API server is gone. */
const HURRIED_READ_TIMEOUT_MS = 5000

/** Records one Job of a run. */
export class JobRecorder {
  readonly #api: KubeApi
  readonly #sweep: number
  readonly #known = new Map<string, TimelinePod>()
  #job: JobObject | undefined
  #startedAt: string | undefined
  #looked = Number.NEGATIVE_INFINITY
  #terminating = 0
  #looking: Promise<void> | undefined
  #missing = 0
  /** Whether there are pods that were not read, since they are too many. */
  partly = false
  /** Why the pods could not be read. */
  unreadable: string | undefined

  constructor(api: KubeApi, sweep: number) {
    this.#api = api
    this.#sweep = sweep
  }

  /** How many pods the Job has made. */
  get made(): number {
    return this.#job === undefined ? 0 : podsMade(this.#job)
  }

  /** The Job, as a watch has just shown it: looks at its pods when some of them are being ended, which will be gone soon. */
  see(job: JobObject, startedAt: string | undefined, signal: AbortSignal | undefined): void {
    this.#job = job
    this.#startedAt = startedAt
    const { terminating } = countsOf(job)
    const more = terminating > this.#terminating
    this.#terminating = terminating
    if (terminating === 0 || this.#looking !== undefined) return
    const now = performance.now()
    if (!more && now - this.#looked < LOOK_EVERY_MS) return
    this.#looked = now
    this.#looking = this.#look(job, signal).finally(() => {
      this.#looking = undefined
    })
  }

  /** Reads the pods at the end of the wait, however it ends. Never throws. */
  async finish({ inHurry = false }: { readonly inHurry?: boolean } = {}): Promise<void> {
    await this.#looking
    const job = this.#job
    if (job === undefined) return
    try {
      const { pods, all } = await readPods(
        this.#api,
        job,
        AbortSignal.timeout(inHurry ? HURRIED_READ_TIMEOUT_MS : READ_TIMEOUT_MS),
      )
      this.#note(pods)
      this.partly = !all
      if (all) this.#noteGone(new Set(pods.map(({ metadata }) => metadata.uid)))
    } catch (error) {
      this.unreadable = describeThrown(asK8sError(error))
    }
  }

  pods(): readonly TimelinePod[] {
    return [...this.#known.values()]
  }

  summary(): TimelineJob | undefined {
    const job = this.#job
    if (job === undefined) return undefined
    const { name, namespace = 'default', uid, creationTimestamp } = job.metadata
    const { completions, succeeded, failed } = countsOf(job)
    const end = decisionOf(job)
    const ended = endedAt(job)
    return {
      name,
      namespace,
      uid,
      sweep: this.#sweep,
      ...(creationTimestamp === undefined ? {} : { createdAt: creationTimestamp }),
      ...(this.#startedAt === undefined ? {} : { startedAt: this.#startedAt }),
      ...(ended === undefined ? {} : { endedAt: ended }),
      outcome: end?.outcome ?? 'unfinished',
      ...(end?.outcome === 'failed' && end.reason !== '' ? { reason: end.reason } : {}),
      completions,
      parallelism: job.spec.parallelism ?? 1,
      succeeded,
      failed,
      podsMissing: this.#missing,
    }
  }

  async #look(job: JobObject, signal: AbortSignal | undefined): Promise<void> {
    const timeout = AbortSignal.timeout(READ_TIMEOUT_MS)
    try {
      const { name, namespace = 'default', uid } = job.metadata
      const options = { fieldSelector: 'status.phase!=Succeeded', limit: LOOK_LIMIT }
      const bounds = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
      this.#note(await listPods(this.#api, { name, namespace, uid }, { ...options, signal: bounds }))
    } catch {
      // The end says whether pods can be read at all.
    }
  }

  #note(pods: readonly PodObject[]): void {
    const now = Date.now()
    for (const pod of pods) this.#known.set(pod.metadata.uid, timelinePod(pod, this.#sweep, now))
  }

  /** Pods that were seen and are gone have ended, though nobody knows how; those that were never seen are counted. */
  #noteGone(there: ReadonlySet<string>): void {
    for (const [uid, pod] of this.#known) {
      const open = pod.outcome === 'running' || pod.outcome === 'pending'
      if (open && !there.has(uid)) this.#known.set(uid, { ...pod, outcome: 'deleted' })
    }
    const ended = [...this.#known.values()].filter(({ outcome }) => outcome !== 'running' && outcome !== 'pending')
    const { succeeded = 0, failed = 0 } = this.#job === undefined ? {} : countsOf(this.#job)
    this.#missing = Math.max(0, succeeded + failed - ended.length)
  }
}
