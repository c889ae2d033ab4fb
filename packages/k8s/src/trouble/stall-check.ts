import type { JobObject, PodObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { deletePodNow, ifReadable, type JobRef, listPods, listWarnings } from '../api/resources.ts'
import type { JobFailedError } from '../job/job-failed-error.ts'
import { countsOf, decisionOf, isSuspended } from '../job/job-state.ts'
import { mountFault, podFailure, type StartFault, startFault } from '../pods/pod-failure.ts'
import type { InspectQueue } from '../queue/queue-reading.ts'
import { AWAITING_SECRET } from '../spec/annotations.ts'
import { type RunListeners, tell } from '../wait/run-events.ts'
import { crashLoop } from './crash-loop.ts'
import { isPodSecurity, isQuota, misconfigured, notStarting, refOf, refusedPods } from './diagnose.ts'
import { crashLooping, nodeLost, noRoom } from './no-progress.ts'
import { type Clock, StallClock } from './stall-clock.ts'
import { isBeingPrepared, type StuckEvent, unschedulable } from './stuck-event.ts'

const LONGEST_EVERY_MS = 30_000
/** Pods of an image that is on the node run by then. */
const FIRST_LOOK_MS = 3000
const SOME = 20

export interface StallCheckOptions {
  readonly startGraceMs: number
  readonly scheduleGraceMs: number
  readonly forceDeleteLost: boolean
  readonly crashLoop: 'fail' | 'ignore'
  readonly inspectQueue?: InspectQueue | undefined
  readonly on: RunListeners
  readonly signal: AbortSignal
}

/**
 * Looks at a Job's pods when its counts say that something may be wrong, since Kubernetes itself never fails a Job for an
 * image, a Secret or a ServiceAccount that does not exist (kubernetes/kubernetes#122300, #62816). Of each kind one list in
 * 30 s, and a few more in the first half minute, however many pods there are.
 */
export class StallCheck {
  readonly everyMs: number
  readonly #api: KubeApi
  readonly #options: StallCheckOptions
  readonly #clock = new StallClock()
  readonly #toldAttempts = new Set<string>()
  readonly #toldStuck = new Set<string>()
  /** When each pod that does not start was first seen so. */
  readonly #faultSince = new Map<string, number>()
  readonly #checked = new Map<string, { readonly at: number; readonly looks: number }>()
  #failed = 0

  constructor(api: KubeApi, options: StallCheckOptions) {
    this.#api = api
    this.#options = options
    const shortest = Math.min(options.startGraceMs, options.scheduleGraceMs)
    this.everyMs = Math.min(LONGEST_EVERY_MS, Math.max(500, shortest / 4))
  }

  /** Looks at what is due; the error that ends the wait, if there is one. Called on every change and every second. */
  async check(job: JobObject): Promise<JobFailedError | undefined> {
    const now = performance.now()
    const clock = this.#clock.note(job, now)
    if (clock.changed) this.#forget(job)
    const firstLookMs = Math.min(FIRST_LOOK_MS, this.everyMs)
    const waits = clock.waitingMs >= firstLookMs
    if ((waits || this.#mayHaveFailed(job, clock)) && this.#due('failures', now)) {
      const error = await this.#checkFailures(job)
      if (error !== undefined) return error
    }
    if (clock.terminatingOnlyMs >= firstLookMs && this.#due('lost', now)) {
      const error = await this.#checkLost(job, clock)
      if (error !== undefined) return error
    }
    if (isSuspended(job)) this.#tellSuspended(job)
    if (decisionOf(job) !== undefined || isSuspended(job)) return undefined
    const { active, ready } = countsOf(job)
    if (waits && active > ready && this.#due('starts', now)) {
      const error = await this.#checkStarts(job, clock)
      if (error !== undefined) return error
    }
    if (clock.missingMs >= firstLookMs && this.#due('refusals', now)) {
      const error = await this.#checkRefusals(job, clock)
      if (error !== undefined) return error
    }
    if (active > 0 && clock.unchangedMs >= this.#options.startGraceMs && this.#due('drained', now)) {
      await this.#lookAtQueue()
    }
    return undefined
  }

  /** Tells of the failures that were not told yet, as after the Job's end. */
  async tellFailures(job: JobObject): Promise<void> {
    if (this.#options.on.podFailed === undefined || countsOf(job).failed <= this.#failed) return
    this.#tellAttempts(await this.#pods(job, 'status.phase=Failed'))
    this.#failed = countsOf(job).failed
  }

  /** What was told may be told again once the run has moved. */
  #forget(job: JobObject): void {
    const { active, ready } = countsOf(job)
    if (active <= ready) this.#faultSince.clear()
    if (!isSuspended(job)) this.#toldStuck.delete('Suspended')
    this.#toldStuck.delete('Drained')
  }

  /**
   * Whether pods may have failed since the last look. With a limit per index Kubernetes counts a failure only when it
   * replaces the pod, after the back-off: until then the pod is among the active ones that are not ready, or missing.
   */
  #mayHaveFailed(job: JobObject, { missingMs, unchangedMs }: Clock): boolean {
    return countsOf(job).failed > this.#failed || (missingMs > 0 && unchangedMs >= 1000)
  }

  /** Soon at first, when most that is wrong shows, then ever less often. */
  #due(kind: string, now: number): boolean {
    const { at, looks } = this.#checked.get(kind) ?? { at: Number.NEGATIVE_INFINITY, looks: 0 }
    if (now - at < Math.min(this.everyMs, 1000 * 2 ** looks)) return false
    this.#checked.set(kind, { at: now, looks: looks + 1 })
    return true
  }

  async #checkFailures(job: JobObject): Promise<JobFailedError | undefined> {
    const pods = await this.#pods(job, 'status.phase=Failed')
    this.#failed = countsOf(job).failed
    this.#tellAttempts(pods)
    return this.#hopeless(job, pods)
  }

  async #checkStarts(job: JobObject, clock: Clock): Promise<JobFailedError | undefined> {
    // With OnFailure a pod whose container fails again and again stays in the phase Running.
    const restarts = job.spec.template.spec.restartPolicy === 'OnFailure'
    const pods = await this.#pods(job, restarts ? 'status.phase!=Succeeded' : 'status.phase=Pending')
    if (restarts) this.#tellAttempts(pods.filter((pod) => podFailure(pod)?.exitCode !== undefined))
    const faults = pods.map((pod) => ({ pod, fault: startFault(pod) })).filter(({ fault }) => fault !== undefined)
    if (faults.length === 0) {
      const mount = await this.#mountFault(pods)
      if (mount !== undefined) faults.push(mount)
    }
    const { startGraceMs, scheduleGraceMs } = this.#options
    const now = performance.now()
    let over: StartFault | undefined
    for (const { pod, fault } of faults) {
      if (fault === undefined) continue
      const since = this.#faultSince.get(pod.metadata.uid) ?? now
      this.#faultSince.set(pod.metadata.uid, since)
      if (fault.final || now - since >= startGraceMs) over ??= fault
      const { name, message = '', reason = '' } = fault.failure
      this.#tellStuck({ reason: 'NotStarting', message: message || reason, pod: name }, fault.code)
    }
    if (over !== undefined) {
      return notStarting(
        job,
        faults.map(({ fault }) => fault).filter((fault) => fault !== undefined),
        over,
      )
    }
    const waiting = pods.map(unschedulable).find((stuck) => stuck !== undefined)
    if (waiting !== undefined) {
      this.#tellStuck(waiting)
      if (clock.nothingReadyMs >= scheduleGraceMs) return noRoom(job, waiting, scheduleGraceMs)
    }
    return restarts ? this.#hopeless(job, pods) : undefined
  }

  /** What a pod that is being prepared for long waits for: only an event on it says so. */
  async #mountFault(pods: readonly PodObject[]): Promise<{ pod: PodObject; fault: StartFault } | undefined> {
    const pod = pods.find(isBeingPrepared)
    if (pod === undefined) return undefined
    const { signal } = this.#options
    const { name, uid, namespace = 'default' } = pod.metadata
    const warnings = await ifReadable(listWarnings(this.#api, { name, namespace, uid }, { signal }), signal)
    const fault = mountFault(pod, warnings ?? [])
    return fault === undefined ? undefined : { pod, fault }
  }

  async #checkRefusals(job: JobObject, clock: Clock): Promise<JobFailedError | undefined> {
    const { signal, startGraceMs, scheduleGraceMs } = this.#options
    const warnings = (await ifReadable(listWarnings(this.#api, refOf(job), { signal }), signal)) ?? []
    const refusals = warnings.filter(({ reason }) => reason === 'FailedCreate').map(({ message = '' }) => message)
    const none = countsOf(job).active === 0
    const final = refusals.find(isPodSecurity)
    if (final !== undefined && none) return refusedPods(job, final)
    const other = refusals.find((message) => !isQuota(message))
    const message = other ?? refusals[0]
    if (message === undefined) return undefined
    const stuck: StuckEvent = { reason: other === undefined ? 'QuotaExceeded' : 'PodRefused', message }
    this.#tellStuck(stuck)
    if (!none) return undefined
    if (other !== undefined) return clock.waitingMs >= startGraceMs ? refusedPods(job, other) : undefined
    return clock.nothingReadyMs >= scheduleGraceMs ? noRoom(job, stuck, scheduleGraceMs) : undefined
  }

  /** Pods that are being ended by a node that does not answer: the Job waits for them, and for nothing else. */
  async #checkLost(job: JobObject, clock: Clock): Promise<JobFailedError | undefined> {
    const graceMs = (job.spec.template.spec.terminationGracePeriodSeconds ?? 30) * 1000 + this.#options.startGraceMs
    if (clock.terminatingOnlyMs < graceMs) return undefined
    const ref = refOf(job)
    const { signal, forceDeleteLost } = this.#options
    const pods = (await ifReadable(listPods(this.#api, ref, { limit: 500, signal }), signal)) ?? []
    const lost = pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).slice(0, SOME)
    const [first] = lost
    if (first === undefined) return undefined
    const message = `${first.metadata.name} on ${first.spec?.nodeName ?? 'no node'} was told to end and does not`
    this.#tellStuck({ reason: 'NodeLost', message, pod: first.metadata.name })
    if (!forceDeleteLost) return nodeLost(job, lost)
    for (const { metadata } of lost) {
      await deletePodNow(this.#api, { name: metadata.name, namespace: ref.namespace, uid: metadata.uid }, { signal })
    }
    return undefined
  }

  /** The queue is empty, but the pods stay: they wait for items that nobody has, or one of them hangs in its item. */
  async #lookAtQueue(): Promise<void> {
    const { inspectQueue, signal } = this.#options
    const reading = inspectQueue === undefined ? undefined : await ifReadable(inspectQueue(), signal)
    if (reading?.verified !== true || reading.ready > 0) return
    const message = `the queue is empty, ${reading.consumers} consumers are attached, and no pod has ended for a while`
    this.#tellStuck({ reason: 'Drained', message })
  }

  #tellSuspended(job: JobObject): void {
    if (job.metadata.annotations?.[AWAITING_SECRET] !== undefined) return
    this.#tellStuck({ reason: 'Suspended', message: 'spec.suspend is true; whoever set it has to lift it' })
  }

  /** Each trouble once, not once for each pod that has it. */
  #tellStuck(stuck: StuckEvent, key: string = stuck.reason): void {
    if (this.#toldStuck.has(key)) return
    this.#toldStuck.add(key)
    tell(this.#options.on, 'stuck', stuck)
  }

  async #pods(job: JobObject, fieldSelector: string): Promise<readonly PodObject[]> {
    const { signal } = this.#options
    const ref: JobRef & { readonly uid: string } = refOf(job)
    return (await ifReadable(listPods(this.#api, ref, { fieldSelector, limit: SOME, signal }), signal)) ?? []
  }

  #tellAttempts(pods: readonly PodObject[]): void {
    for (const pod of pods) {
      const failure = podFailure(pod)
      const attempt = `${pod.metadata.uid}/${pod.status?.containerStatuses?.[0]?.restartCount ?? 0}`
      if (failure === undefined || this.#toldAttempts.has(attempt)) continue
      this.#toldAttempts.add(attempt)
      tell(this.#options.on, 'podFailed', failure)
    }
  }

  /** The error for pods that say, or show, that no further attempt will fare better. */
  async #hopeless(job: JobObject, pods: readonly PodObject[]): Promise<JobFailedError | undefined> {
    const { signal, crashLoop: onCrashLoop } = this.#options
    const failures = pods.map(podFailure).filter((failure) => failure !== undefined)
    const wrong = await misconfigured(this.#api, job, failures, { signal })
    if (wrong !== undefined || onCrashLoop === 'ignore') return wrong
    const loop = crashLoop(pods, { ...countsOf(job), parallelism: job.spec.parallelism ?? 1 })
    return loop === undefined ? undefined : crashLooping(this.#api, job, loop, { signal })
  }
}
