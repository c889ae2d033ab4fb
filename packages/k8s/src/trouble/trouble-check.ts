import type { JobObject, PodObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { ifReadable, listWarnings } from '../api/resources.ts'
import type { K8sError } from '../errors.ts'
import { countsOf, decisionOf, isDeleting, isSuspended } from '../job/job-state.ts'
import { workerStatus } from '../pods/containers.ts'
import { failedAttempt } from '../pods/failed-attempt.ts'
import { heldPod } from '../pods/held-pod.ts'
import { type NotScheduled, notScheduled } from '../pods/not-scheduled.ts'
import { isBeingPrepared, preparationFault, startFault } from '../pods/start-fault.ts'
import { type RunQueue, readQueue } from '../queue/queue-reading.ts'
import { deletingEvent, jobDeleted } from './deletion.ts'
import { refOf } from './describe-pods.ts'
import { FailedPods } from './failed-pods.ts'
import { FailureTally } from './failure-tally.ts'
import { forceDelete } from './force-delete.ts'
import { HeldPods, heldEvent, podNotEnding } from './held-pods.ts'
import { hopeless } from './hopeless.ts'
import { LookSchedule } from './look-schedule.ts'
import { endGraceMs, lostEvent, nodeLost, terminatingPods } from './lost-pods.ts'
import { noRoom } from './no-room.ts'
import { type NotStarting, notStarting, notStartingEvent, StartFaults } from './not-starting.ts'
import { isPodSecurity, isQuota, Refusals, refusedPods } from './refusals.ts'
import { type Clock, StallClock } from './stall-clock.ts'
import { absentController, jobStalled, notMovingEvent } from './stalled.ts'
import type { StuckEvent } from './stuck-event.ts'
import { suspendedEvent } from './suspension.ts'
import { Told, type TroubleListeners } from './told.ts'
import { unfinishedPods } from './unfinished-pods.ts'
import { waitingWorker } from './worker-words.ts'

/** Pods of an image that is on the node run by then. */
const FIRST_LOOK_MS = 3000
/** How long the app's inspection of its queue may take, before the look goes on without it. */
const QUEUE_TIMEOUT_MS = 10_000

export interface TroubleCheckOptions {
  readonly startGraceMs: number
  readonly scheduleGraceMs: number
  readonly forceDeleteLost: boolean
  readonly crashLoop: 'fail' | 'ignore'
  readonly queue?: RunQueue | undefined
  readonly on: TroubleListeners
  readonly signal: AbortSignal
}

/**
 * Looks at a Job and its pods when its counts say that something may be wrong, since Kubernetes itself never fails a Job for an
 * image, a Secret or a ServiceAccount that does not exist (kubernetes/kubernetes#122300, #62816). This class decides when to
 * look, and reads; the files beside it decide what it means.
 */
export class TroubleCheck {
  readonly everyMs: number
  readonly #api: KubeApi
  readonly #options: TroubleCheckOptions
  readonly #schedule: LookSchedule
  readonly #clock = new StallClock()
  readonly #refusals = new Refusals()
  readonly #startFaults = new StartFaults()
  readonly #heldPods = new HeldPods()
  readonly #failedPods: FailedPods
  /** The failures of pods that have ended, and of pods that have not. */
  #ended = new FailureTally()
  #running = new FailureTally()
  readonly #told: Told
  #failed = 0
  #nextWordsMs: number

  constructor(api: KubeApi, options: TroubleCheckOptions) {
    this.#api = api
    this.#options = options
    this.#schedule = new LookSchedule(Math.min(options.startGraceMs, options.scheduleGraceMs))
    this.everyMs = this.#schedule.everyMs
    this.#failedPods = new FailedPods(api)
    this.#told = new Told(options.on)
    this.#nextWordsMs = options.startGraceMs
  }

  /** Looks at what is due; the error that ends the wait, if there is one. Called on every change and every second. */
  async check(job: JobObject): Promise<K8sError | undefined> {
    const now = performance.now()
    const clock = this.#clock.note(job, now)
    this.#refusals.noteJob(job)
    if (clock.changed) this.#forget(job)
    const firstLookMs = Math.min(FIRST_LOOK_MS, this.everyMs)
    if (isDeleting(job)) {
      if (clock.deletingMs >= firstLookMs) this.#told.stuck(deletingEvent(job))
      return clock.deletingMs >= this.#options.startGraceMs ? jobDeleted(job, 'deleting') : undefined
    }
    const waits = clock.waitingMs >= firstLookMs
    if ((waits || this.#mayHaveFailed(job, clock)) && this.#schedule.due('failures', now)) {
      const error = await this.#checkFailures(job)
      if (error !== undefined) return error
    }
    const lost = clock.terminatingOnlyMs >= endGraceMs(job, this.#options.startGraceMs)
    if (lost && this.#schedule.due('lost', now)) {
      const error = await this.#checkLost(job)
      if (error !== undefined) return error
    }
    const suspended = { forMs: clock.suspendedMs, graceMs: this.#options.startGraceMs }
    const suspension = isSuspended(job) ? suspendedEvent(job, suspended) : undefined
    if (suspension !== undefined) this.#told.stuck(suspension)
    if (decisionOf(job) !== undefined || isSuspended(job)) return undefined
    return this.#checkProgress(job, clock, now)
  }

  /** Tells of the failures that were not told yet, as after the Job's end. */
  async tellFailures(job: JobObject): Promise<void> {
    if (this.#options.on.podFailed === undefined || countsOf(job).failed <= this.#failed) return
    await this.#readFailures(job)
  }

  async #checkProgress(job: JobObject, clock: Clock, now: number): Promise<K8sError | undefined> {
    const { active, ready } = countsOf(job)
    const { startGraceMs, scheduleGraceMs } = this.#options
    const firstLookMs = Math.min(FIRST_LOOK_MS, this.everyMs)
    if (clock.missingMs >= firstLookMs && this.#schedule.due('refusals', now)) {
      const error = await this.#checkRefusals(job, clock)
      if (error !== undefined) return error
    }
    const notReady = active > ready || clock.nothingReadyMs >= startGraceMs
    if (clock.waitingMs >= firstLookMs && notReady && this.#schedule.due('pods', now)) {
      const error = await this.#checkPods(job, clock, now)
      if (error !== undefined) return error
    }
    if (clock.nothingReadyMs >= scheduleGraceMs) {
      const managedBy = absentController(job)
      if (managedBy !== undefined) return jobStalled(job, managedBy, scheduleGraceMs)
    }
    if (ready > 0 && clock.unchangedMs >= this.#nextWordsMs) {
      // Ever less often: an item may take hours.
      this.#nextWordsMs *= 2
      await this.#listenToWorkers(job)
    }
    if (active > 0 && clock.unchangedMs >= startGraceMs && this.#schedule.due('drained', now)) {
      await this.#lookAtQueue()
    }
    return undefined
  }

  /** The run has moved: a trouble that comes again is another one. */
  #forget(job: JobObject): void {
    this.#told.forget(['Drained', 'WorkerWaiting', 'NotMoving'])
    if (!isSuspended(job)) this.#told.forget(['Suspended'])
    this.#nextWordsMs = this.#options.startGraceMs
  }

  /**
   * Whether pods may have failed since the last look. With a limit per index Kubernetes counts a failure only when it
   * replaces the pod, after the back-off: until then the pod is among the active ones that are not ready, or missing.
   */
  #mayHaveFailed(job: JobObject, { missingMs, unchangedMs }: Clock): boolean {
    return countsOf(job).failed > this.#failed || (missingMs > 0 && unchangedMs >= 1000)
  }

  async #checkFailures(job: JobObject): Promise<K8sError | undefined> {
    await this.#readFailures(job)
    // Pods that were running at the last look may be among the failed ones by now: they count once.
    this.#running = new FailureTally()
    return this.#hopeless(job)
  }

  async #readFailures(job: JobObject): Promise<void> {
    const { signal } = this.#options
    const tally = await ifReadable(this.#failedPods.look(job, signal), signal)
    if (tally === undefined) return
    this.#failed = countsOf(job).failed
    this.#ended = tally
    if (tally.total > 0) this.#refusals.notePodsExist()
    this.#told.attempts(tally.newest())
  }

  /** Pods that are not ready: what they say, and for how long they have said it. */
  async #checkPods(job: JobObject, clock: Clock, now: number): Promise<K8sError | undefined> {
    const { signal, startGraceMs } = this.#options
    const pods = await ifReadable(unfinishedPods(this.#api, job, signal), signal)
    if (pods === undefined) return undefined
    if (pods.length > 0) this.#refusals.notePodsExist()
    const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    this.#running = tallyOf(staying)
    this.#told.attempts(this.#running.newest())
    const error =
      (await this.#hopeless(job)) ??
      (await this.#checkStarts(job, staying, now)) ??
      this.#checkHeld(job, staying, now) ??
      this.#checkPlaces(job, staying, clock)
    const works = staying.some((pod) => workerStatus(pod)?.state?.running !== undefined)
    if (error === undefined && !this.#told.explained && !works && clock.nothingReadyMs >= startGraceMs) {
      this.#told.stuck(notMovingEvent(job, { pods, failures: this.#ended.total, ms: clock.nothingReadyMs }))
    }
    return error
  }

  async #checkStarts(job: JobObject, pods: readonly PodObject[], now: number): Promise<K8sError | undefined> {
    const faults: NotStarting[] = []
    for (const pod of pods) {
      const fault = startFault(pod)
      if (fault !== undefined) faults.push({ uid: pod.metadata.uid, fault })
    }
    if (faults.length === 0) faults.push(...(await this.#preparationFaults(pods)))
    for (const { fault } of faults) this.#told.stuck(notStartingEvent(fault), fault.code)
    const over = this.#startFaults.note(faults, { now, graceMs: this.#options.startGraceMs })
    return over === undefined ? undefined : notStarting(job, faults, over)
  }

  /** Why a pod that is being prepared takes long: only an event on it says so. */
  async #preparationFaults(pods: readonly PodObject[]): Promise<NotStarting[]> {
    const pod = pods.find(isBeingPrepared)
    if (pod === undefined) return []
    const { signal } = this.#options
    const { name, uid, namespace = 'default' } = pod.metadata
    const warnings = await ifReadable(listWarnings(this.#api, { name, namespace, uid }, { signal }), signal)
    const fault = preparationFault(pod, warnings ?? [])
    return fault === undefined ? [] : [{ uid, fault }]
  }

  /** Pods whose worker has ended and that other containers keep running: the end of the run once all pods are so. */
  #checkHeld(job: JobObject, pods: readonly PodObject[], now: number): K8sError | undefined {
    const { startGraceMs } = this.#options
    const held = pods.map(heldPod).filter((pod) => pod !== undefined)
    const { some, over } = this.#heldPods.note(held, { now, graceMs: startGraceMs })
    const [first] = some
    if (first !== undefined) this.#told.stuck(heldEvent(first))
    if (over.length === 0) return undefined
    const nothingElse = pods.every((pod) => heldPod(pod) !== undefined || notScheduled(pod) !== undefined)
    return nothingElse ? podNotEnding(job, over) : undefined
  }

  /** Pods that have no node. */
  #checkPlaces(job: JobObject, pods: readonly PodObject[], clock: Clock): K8sError | undefined {
    const { startGraceMs, scheduleGraceMs } = this.#options
    const places = pods.map(notScheduled).filter((place) => place !== undefined)
    const said = (reason: NotScheduled['reason']): NotScheduled | undefined =>
      places.find((place) => place.reason === reason)
    const silent = clock.waitingMs >= startGraceMs ? said('NotScheduled') : undefined
    const stuck = said('Unschedulable') ?? said('SchedulingGated') ?? silent
    if (stuck === undefined) return undefined
    this.#told.stuck(stuck)
    const noneHasANode = places.length === pods.length
    return noneHasANode && clock.nothingReadyMs >= scheduleGraceMs ? noRoom(job, stuck, scheduleGraceMs) : undefined
  }

  async #checkRefusals(job: JobObject, clock: Clock): Promise<K8sError | undefined> {
    const { signal, startGraceMs, scheduleGraceMs } = this.#options
    const warnings = (await ifReadable(listWarnings(this.#api, refOf(job), { signal }), signal)) ?? []
    const refusals = this.#refusals.current(warnings)
    const none = countsOf(job).active === 0
    const final = refusals.findLast(isPodSecurity)
    if (final !== undefined && none) return refusedPods(job, final)
    const other = refusals.findLast((message) => !isQuota(message))
    const message = other ?? refusals.at(-1)
    if (message === undefined) return undefined
    const stuck: StuckEvent = { reason: other === undefined ? 'QuotaExceeded' : 'PodRefused', message }
    this.#told.stuck(stuck)
    if (!none) return undefined
    if (other !== undefined) return clock.waitingMs >= startGraceMs ? refusedPods(job, other) : undefined
    return clock.nothingReadyMs >= scheduleGraceMs ? noRoom(job, stuck, scheduleGraceMs) : undefined
  }

  /** Pods that are being ended by a node that does not answer: the Job waits for them, and for nothing else. */
  async #checkLost(job: JobObject): Promise<K8sError | undefined> {
    const { signal, forceDeleteLost } = this.#options
    const lost = terminatingPods((await ifReadable(unfinishedPods(this.#api, job, signal), signal)) ?? [])
    if (lost.length === 0) return undefined
    this.#told.stuck(lostEvent(lost))
    if (!forceDeleteLost) return nodeLost(job, lost)
    await forceDelete(this.#api, lost, { namespace: refOf(job).namespace, signal })
    return undefined
  }

  /** The queue is empty, but the pods stay: they wait for items that nobody has, or one of them hangs in its item. */
  async #lookAtQueue(): Promise<void> {
    const { queue, signal } = this.#options
    if (queue === undefined) return
    const reading = await ifReadable(readQueue(queue, QUEUE_TIMEOUT_MS, signal), signal)
    if (reading?.verified !== true || reading.ready > 0) return
    const message = `the queue is empty, ${reading.consumers} consumers are attached, and no pod has ended for a while`
    this.#told.stuck({ reason: 'Drained', message })
  }

  async #listenToWorkers(job: JobObject): Promise<void> {
    if (this.#options.on.stuck === undefined) return
    const event = await waitingWorker(this.#api, job, this.#options.signal)
    if (event !== undefined) this.#told.stuck(event)
  }

  /** The error for pods that say, or show, that no further attempt will fare better. */
  async #hopeless(job: JobObject): Promise<K8sError | undefined> {
    const { signal, crashLoop } = this.#options
    const tally = new FailureTally()
    tally.merge(this.#ended)
    tally.merge(this.#running)
    return hopeless(this.#api, job, { tally, ignoreCrashes: crashLoop === 'ignore', signal })
  }
}

function tallyOf(pods: readonly PodObject[]): FailureTally {
  const tally = new FailureTally()
  for (const pod of pods) {
    const attempt = failedAttempt(pod)
    if (attempt !== undefined) tally.add(attempt)
  }
  return tally
}
