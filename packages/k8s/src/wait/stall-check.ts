import type { JobObject, PodObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { ifReadable, type JobRef, listPods, listWarnings } from '../api/resources.ts'
import { isPodSecurity, isQuota, misconfigured, notStarting, refusedPods } from './diagnose.ts'
import type { JobFailedError } from './job-failed-error.ts'
import { countsOf, decisionOf, isSuspended } from './job-state.ts'
import { podFailure, type StartFault, startFault } from './pod-failure.ts'
import { type RunListeners, tell } from './run-events.ts'

const LONGEST_EVERY_MS = 30_000
/** Pods of an image that is on the node run by then. */
const FIRST_LOOK_MS = 3000
const SOME = 20

interface StallCheckOptions {
  readonly startGraceMs: number
  readonly on: RunListeners
  readonly signal: AbortSignal
}

/**
 * Looks at a Job's pods when its counts say that something may be wrong, since Kubernetes itself never fails a Job for an
 * image, a Secret or a ServiceAccount that does not exist (kubernetes/kubernetes#122300, #62816). At most one list of
 * each kind in 30 s, however many pods there are.
 */
export class StallCheck {
  readonly everyMs: number
  readonly #api: KubeApi
  readonly #options: StallCheckOptions
  readonly #told = new Set<string>()
  /** When each pod that does not start was first seen so. */
  readonly #faultSince = new Map<string, number>()
  readonly #checkedAt = { failures: Number.NEGATIVE_INFINITY, starts: Number.NEGATIVE_INFINITY }
  #failed = 0
  #waitingSince: number | undefined
  #counts = ''
  #changedAt = performance.now()

  constructor(api: KubeApi, options: StallCheckOptions) {
    this.#api = api
    this.#options = options
    this.everyMs = Math.min(LONGEST_EVERY_MS, Math.max(500, options.startGraceMs / 4))
  }

  /** Looks at what is due; the error that ends the wait, if there is one. Called on every change and every second. */
  async check(job: JobObject): Promise<JobFailedError | undefined> {
    const now = performance.now()
    this.#note(job, now)
    const ref = refOf(job)
    const waitedMs = this.#waitingSince === undefined ? 0 : now - this.#waitingSince
    const waits = waitedMs >= Math.min(FIRST_LOOK_MS, this.everyMs)
    if ((waits || this.#mayHaveFailed(job, now)) && this.#due('failures', now)) {
      const error = await this.#checkFailures(job, ref)
      if (error !== undefined) return error
    }
    if (!waits || decisionOf(job) !== undefined || !this.#due('starts', now)) return undefined
    return countsOf(job).active > 0 ? this.#checkStarts(job, ref) : this.#checkRefusals(job, ref, waitedMs)
  }

  /** Tells of the failures that were not told yet, as after the Job's end. */
  async tellFailures(job: JobObject): Promise<void> {
    if (this.#options.on.podFailed === undefined || countsOf(job).failed <= this.#failed) return
    this.#tell(await this.#pods(refOf(job), 'status.phase=Failed'))
    this.#failed = countsOf(job).failed
  }

  /** Waiting is: pods that are wanted and not ready, or none at all. */
  #note(job: JobObject, now: number): void {
    const { active, ready, succeeded, failed, terminating } = countsOf(job)
    const counts = [active, ready, succeeded, failed, terminating].join()
    const waiting = !isSuspended(job) && (active > ready || (active === 0 && terminating === 0))
    if (!waiting) this.#waitingSince = undefined
    else if (this.#waitingSince === undefined || (active === 0 && counts !== this.#counts)) this.#waitingSince = now
    if (counts !== this.#counts) this.#changedAt = now
    this.#counts = counts
    if (active <= ready) this.#faultSince.clear()
  }

  /**
   * Whether pods may have failed since the last look. With a limit per index Kubernetes counts a failure only when it
   * replaces the pod, after the back-off: until then the pod is among the active ones that are not ready, or missing.
   */
  #mayHaveFailed(job: JobObject, now: number): boolean {
    const { completions, succeeded, failed, active, terminating } = countsOf(job)
    if (failed > this.#failed) return true
    const wanted = Math.min(job.spec.parallelism ?? 1, completions - succeeded)
    const missing = !isSuspended(job) && active + terminating < wanted
    return missing && job.status?.startTime !== undefined && now - this.#changedAt >= 1000
  }

  #due(kind: 'failures' | 'starts', now: number): boolean {
    if (now - this.#checkedAt[kind] < this.everyMs) return false
    this.#checkedAt[kind] = now
    return true
  }

  async #checkFailures(job: JobObject, ref: JobRef & { uid: string }): Promise<JobFailedError | undefined> {
    const pods = await this.#pods(ref, 'status.phase=Failed')
    this.#failed = countsOf(job).failed
    this.#tell(pods)
    return this.#misconfigured(job, pods)
  }

  async #checkStarts(job: JobObject, ref: JobRef & { uid: string }): Promise<JobFailedError | undefined> {
    // With OnFailure a pod whose container fails again and again stays in the phase Running.
    const restarts = job.spec.template.spec.restartPolicy === 'OnFailure'
    const pods = await this.#pods(ref, restarts ? 'status.phase!=Succeeded' : 'status.phase=Pending')
    if (restarts) this.#tell(pods.filter((pod) => podFailure(pod)?.exitCode !== undefined))
    const faults: StartFault[] = []
    const now = performance.now()
    let over: StartFault | undefined
    for (const pod of pods) {
      const fault = startFault(pod)
      if (fault === undefined) continue
      faults.push(fault)
      const since = this.#faultSince.get(pod.metadata.uid) ?? now
      this.#faultSince.set(pod.metadata.uid, since)
      if (fault.final || now - since >= this.#options.startGraceMs) over ??= fault
    }
    return over === undefined ? this.#misconfigured(job, pods) : notStarting(job, faults, over)
  }

  async #checkRefusals(
    job: JobObject,
    ref: JobRef & { uid: string },
    stalledMs: number,
  ): Promise<JobFailedError | undefined> {
    const { signal, startGraceMs } = this.#options
    const warnings = (await ifReadable(listWarnings(this.#api, ref, { signal }), signal)) ?? []
    const refusals = warnings.filter(({ reason }) => reason === 'FailedCreate').map(({ message = '' }) => message)
    const final = refusals.find(isPodSecurity)
    if (final !== undefined) return refusedPods(job, final)
    const other = refusals.find((message) => !isQuota(message))
    return other !== undefined && stalledMs >= startGraceMs ? refusedPods(job, other) : undefined
  }

  async #pods(ref: JobRef & { uid: string }, fieldSelector: string): Promise<readonly PodObject[]> {
    const { signal } = this.#options
    return (await ifReadable(listPods(this.#api, ref, { fieldSelector, limit: SOME, signal }), signal)) ?? []
  }

  #tell(pods: readonly PodObject[]): void {
    for (const pod of pods) {
      const failure = podFailure(pod)
      const attempt = `${pod.metadata.uid}/${pod.status?.containerStatuses?.[0]?.restartCount ?? 0}`
      if (failure === undefined || this.#told.has(attempt)) continue
      this.#told.add(attempt)
      tell(this.#options.on, 'podFailed', failure)
    }
  }

  async #misconfigured(job: JobObject, pods: readonly PodObject[]): Promise<JobFailedError | undefined> {
    const failures = pods.map(podFailure).filter((failure) => failure !== undefined)
    return misconfigured(this.#api, job, failures, { signal: this.#options.signal })
  }
}

function refOf({ metadata }: JobObject): JobRef & { uid: string } {
  return { name: metadata.name, namespace: metadata.namespace ?? 'default', uid: metadata.uid }
}
