import { aborted } from '../api/aborted.ts'
import type { JobObject } from '../api/api-objects.ts'
import { asK8sError } from '../api/as-k8s-error.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { type JobRef, patchJob } from '../api/resources.ts'
import type { WatchEvent } from '../api/watch.ts'
import { watchJob } from '../api/watch-job.ts'
import { K8sError } from '../errors.ts'
import { giveUp, type OnAbort } from '../job/give-up.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import { countsOf, decisionOf, endOf, type JobCounts } from '../job/job-state.ts'
import type { RunQueue } from '../queue/queue-reading.ts'
import { FIRST_STARTED_AT } from '../spec/annotations.ts'
import type { JobRecorder } from '../timeline/job-recorder.ts'
import { jobDeleted } from '../trouble/deletion.ts'
import { failedJob } from '../trouble/failed-job.ts'
import { TroubleCheck } from '../trouble/trouble-check.ts'
import { Condition } from './condition.ts'
import { PROGRESS } from './job-progress.ts'
import { type RunListeners, tell } from './run-events.ts'

const KEEP_TIMEOUT_MS = 15_000

export interface WaitSettings {
  readonly signal: AbortSignal | undefined
  readonly on: RunListeners
  readonly onAbort: OnAbort
  readonly startGraceMs: number
  readonly scheduleGraceMs: number
  readonly unreachableMs: number
  readonly silenceMs: number
  readonly forceDeleteLost: boolean
  readonly crashLoop: 'fail' | 'ignore'
  /** Reads the run's queue, to tell a run that is drained. */
  readonly queue?: RunQueue | undefined
  /** The Job as it was made: the watch begins there, without a list. */
  readonly first?: JobObject | undefined
  /** Whether to keep the time of the first start on the Job, for a run that is started again. */
  readonly keepsStart?: boolean | undefined
  /** Records the Job's pods, for a timeline. */
  readonly recorder?: JobRecorder | undefined
}

/** A Job that has completed. */
export interface CompleteJob {
  readonly job: JobObject
  /** When it first started, whatever suspended it since. */
  readonly startedAt: string | undefined
}

/**
 * Waits for a Job's end and returns it complete. When the run is given up (aborted, or a fault that does not
 * heal) an unfinished Job is dealt with by `onAbort`.
 */
export async function waitToEnd(api: KubeApi, ref: JobRef, settings: WaitSettings): Promise<CompleteJob> {
  const view = new JobView(ref, settings, (job, startedAt) => keepStart(api, job, startedAt, settings.signal))
  const { recorder, signal } = settings
  try {
    const complete = await follow(api, view, settings)
    await recorder?.finish()
    return complete
  } catch (error) {
    // The pods are read before the Job is given up, which may delete them.
    await recorder?.finish({ inHurry: !(error instanceof JobFailedError) })
    const known = view.ref
    if (signal?.aborted === true && !(error instanceof K8sError)) {
      if (known === undefined) throw aborted(signal)
      throw aborted(signal, known, await giveUp(api, known, settings.onAbort))
    }
    if (known !== undefined && view.unfinished && error instanceof JobFailedError)
      throw error.withFate(await giveUp(api, known, settings.onAbort))
    throw asK8sError(error, signal)
  }
}

async function follow(api: KubeApi, view: JobView, settings: WaitSettings): Promise<CompleteJob> {
  const done = new AbortController()
  const signal = settings.signal === undefined ? done.signal : AbortSignal.any([settings.signal, done.signal])
  const check = new TroubleCheck(api, { ...settings, signal })
  const { name, namespace } = view.wanted
  const events = watchJob(api, {
    name,
    namespace,
    resourceVersion: settings.first?.metadata.resourceVersion,
    unreachableMs: settings.unreachableMs,
    silenceMs: settings.silenceMs,
    signal,
    onReconnected: (event) => tell(settings.on, 'reconnected', event),
  })
  // A condition instead of a race: each race would hang something on a promise that may be pending for days.
  const condition = new Condition()
  const arrived: WatchEvent<JobObject>[] = []
  let broken: { readonly error: unknown } | undefined
  const listen = async (): Promise<void> => {
    for await (const event of events) {
      arrived.push(event)
      condition.notify()
    }
  }
  listen().catch((error: unknown) => {
    broken = { error }
    condition.notify()
  })
  const ticking = setInterval(() => condition.notify(), Math.min(1000, check.everyMs))
  try {
    if (settings.first !== undefined) view.see(settings.first)
    while (true) {
      await condition.wait()
      for (const event of arrived.splice(0)) view.take(event)
      const { job } = view
      const end = job === undefined ? undefined : endOf(job)
      if (job !== undefined && end !== undefined) {
        await check.tellFailures(job)
        if (end.outcome === 'failed') throw await failedJob(api, job, end, signal)
        return { job, startedAt: view.startedAt }
      }
      if (broken !== undefined) throw broken.error
      if (job === undefined) continue
      if (view.gone) throw jobDeleted(job, 'gone')
      const error = await check.check(job)
      if (error !== undefined) throw error
    }
  } finally {
    clearInterval(ticking)
    done.abort()
  }
}

/** Keeps the time of the first start on the Job. Without the right to patch, a run that is restarted counts from the last start. */
function keepStart(
  api: KubeApi,
  { metadata }: JobObject,
  startedAt: string,
  callSignal: AbortSignal | undefined,
): void {
  const { name, namespace = 'default', uid } = metadata
  const path = `/metadata/annotations/${FIRST_STARTED_AT.replace('/', '~1')}`
  const operations = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'add', path, value: startedAt },
  ]
  const timeout = AbortSignal.timeout(KEEP_TIMEOUT_MS)
  const signal = callSignal === undefined ? timeout : AbortSignal.any([callSignal, timeout])
  patchJob(api, { name, namespace }, operations, { signal }).catch(() => undefined)
}

/** Whether an event is older than the known state, which came by a later event or by the answer to a request. Versions are numbers here. */
function isOlder({ metadata }: JobObject, known: JobObject | undefined): boolean {
  if (known === undefined || known.metadata.uid !== metadata.uid) return false
  return Number(metadata.resourceVersion) < Number(known.metadata.resourceVersion)
}

/** The known state of the Job that is waited for: the one with the wanted uid, else the first that is seen. */
class JobView {
  readonly wanted: JobRef
  job: JobObject | undefined
  gone = false
  readonly #settings: WaitSettings
  readonly #onStart: (job: JobObject, startedAt: string) => void
  #startedAt: string | undefined
  #counts = ''
  #decided = false

  constructor(wanted: JobRef, settings: WaitSettings, onStart: (job: JobObject, startedAt: string) => void) {
    this.wanted = wanted
    this.#settings = settings
    this.#onStart = onStart
  }

  /** When the Job first started: Kubernetes forgets that when the Job is suspended. */
  get startedAt(): string | undefined {
    return this.#startedAt
  }

  get ref(): (JobRef & { readonly uid: string }) | undefined {
    const uid = this.wanted.uid ?? this.job?.metadata.uid
    return uid === undefined ? undefined : { name: this.wanted.name, namespace: this.wanted.namespace, uid }
  }

  /** The Job as it was last seen has not ended: what becomes of it is still to be decided. */
  get unfinished(): boolean {
    return this.job !== undefined && endOf(this.job) === undefined
  }

  see(job: JobObject): void {
    const uid = this.ref?.uid
    if (uid !== undefined && job.metadata.uid !== uid) {
      this.#lost()
      return
    }
    this.job = job
    this.#noteStart(job)
    this.#settings.recorder?.see(job, this.#startedAt, this.#settings.signal)
    const counts = countsOf(job)
    const text = JSON.stringify(counts)
    if (text !== this.#counts) this.#tellCounts(counts)
    this.#counts = text
    const decision = decisionOf(job)
    if (decision === undefined || this.#decided) return
    this.#decided = true
    tell(this.#settings.on, 'decided', decision)
  }

  take(event: WatchEvent<JobObject>): void {
    const job = event.type === 'listed' ? event.items[0] : event.item
    if (event.type === 'changed' && isOlder(event.item, this.job)) return
    if (job !== undefined) this.see(job)
    if (job === undefined || event.type === 'deleted') this.#lost()
  }

  #tellCounts(counts: JobCounts): void {
    tell(this.#settings.on, 'progress', counts)
    const { name, namespace } = this.wanted
    if (PROGRESS.hasSubscribers) PROGRESS.publish({ name, namespace, counts })
  }

  #noteStart(job: JobObject): void {
    const kept = job.metadata.annotations?.[FIRST_STARTED_AT]
    if (kept !== undefined) this.#startedAt = kept
    const startTime = job.status?.startTime
    if (this.#startedAt !== undefined || startTime === undefined) return
    this.#startedAt = startTime
    if (this.#settings.keepsStart === true && endOf(job) === undefined) this.#onStart(job, startTime)
  }

  #lost(): void {
    const { name, namespace } = this.wanted
    this.gone = true
    if (this.job !== undefined) return
    throw new K8sError({
      code: 'JOB_NOT_FOUND',
      message: `There is no Job ${namespace}/${name}${this.wanted.uid === undefined ? '' : ` with uid ${this.wanted.uid}`}.`,
      hint: 'Check its name and namespace; a finished Job is removed after its ttlMs.',
      details: { ...this.wanted },
    })
  }
}
