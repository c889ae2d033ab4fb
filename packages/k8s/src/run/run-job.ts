import type { Names, Problems } from '@internal/options'
import type { ClientOptions } from '../api/client-options.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { namespaceOf } from '../api/namespace.ts'
import { traced } from '../api/trace.ts'
import type { JobResult } from '../job/job-result.ts'
import { preflightError, preflightWith } from '../preflight/preflight.ts'
import { countQueue, ignoringConsumers } from '../queue/count-queue.ts'
import { nameDeadItems } from '../queue/dead-items.ts'
import { heldPerWorker } from '../queue/item-tally.ts'
import type { RunQueue } from '../queue/queue-reading.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import { submit } from '../submit/submission.ts'
import { checkSubmitOptions, SUBMIT_OPTIONS, type SubmitOptions } from '../submit/submit-options.ts'
import { recorded, timelineIn } from '../timeline/recorded.ts'
import type { TimelineRecorder } from '../timeline/timeline-recorder.ts'
import { recordedEvents } from '../wait/recorded-events.ts'
import { checkWaitOptions, WAIT_OPTIONS, type WaitOptions, waitWith } from '../wait/wait-for-job.ts'
import { ItemProgress } from './item-progress.ts'
import { deadIn, judge } from './judge.ts'
import { checkRunSpec, type NamedSpec, namedSpec, type RunSpec } from './run-spec.ts'
import { annotationsOf, earlierRun, type RunStart, readStart } from './run-start.ts'

const COUNT_TIMEOUT_MS = 60_000
/** More would only repeat what three did not bring about. */
const MOST_SWEEPS = 3

/** Options by which {@link runJob} knows that the work is done. */
export interface RunOptions {
  /**
   * The queue as this process reads it: `producer.queue('job1')` of `@podqueue/producer`, or an object of your own. With it the
   * run is done when the Job is complete and the queue empty; without it the Job alone is believed. Default: none.
   */
  readonly queue?: RunQueue | undefined
  /**
   * Decides about items that are still ready after the Job. `'fail'`: the run fails with `ITEMS_LEFT`. `'sweep'`: further Jobs,
   * named `<name>-sweep-<n>`, run over them, at most three, while their number falls. `'ignore'`: the result has their number.
   * Default: 'fail'.
   */
  readonly leftover?: 'fail' | 'sweep' | 'ignore' | undefined
  /**
   * Decides about dead letters that came in during the run. `'fail'`: the run fails with `DEAD_LETTERED`. `'report'`: the result has
   * their number. Default: 'fail'.
   */
  readonly deadLettered?: 'fail' | 'report' | undefined
  /**
   * How long, in milliseconds, the queue may take to give a reading that can be believed, at the start and after the Job.
   * A consumer that died with its node is attached for three heartbeats. Default: 60000.
   */
  readonly countTimeoutMs?: number | undefined
  /**
   * Whether to look first at everything that the run needs ({@link preflight}): about ten small requests, and all that is
   * missing is in one error before anything is made. Default: true.
   */
  readonly preflight?: boolean | undefined
}

/** All options of {@link runJob}. */
export type RunJobOptions = ClientOptions & SubmitOptions & WaitOptions & RunOptions

/** The names of these options, less those of a client. */
export const RUN_JOB_OPTIONS: Names<SubmitOptions & WaitOptions & RunOptions> = {
  ...SUBMIT_OPTIONS,
  ...WAIT_OPTIONS,
  queue: true,
  leftover: true,
  deadLettered: true,
  countTimeoutMs: true,
  preflight: true,
}

/** Runs a spec that was checked, by one API client. */
export async function runWith(api: KubeApi, given: RunSpec, options: RunJobOptions): Promise<JobResult> {
  const spec = namedSpec(given, options.queue)
  const about = { name: spec.name, namespace: namespaceOf(api, spec, options) }
  return await traced('run', about, () =>
    recorded(api, options, (recorder) => runRecorded(api, spec, withRecorder(options, recorder))),
  )
}

/** The options of a run whose timeline may be recorded. */
type Recorded = RunJobOptions & { readonly recorder?: TimelineRecorder | undefined }

function withRecorder(options: RunJobOptions, recorder: TimelineRecorder | undefined): Recorded {
  if (recorder === undefined) return options
  const { on, queue } = options
  return {
    ...options,
    recorder,
    on: recordedEvents(on, recorder),
    ...(queue === undefined ? {} : { queue: recorder.reading(queue) }),
  }
}

async function runRecorded(api: KubeApi, spec: NamedSpec, options: Recorded): Promise<JobResult> {
  const { queue, signal, countTimeoutMs = COUNT_TIMEOUT_MS, recorder } = options
  const bounds = { countTimeoutMs, signal }
  const earlier = await earlierRun(api, spec, options)
  const start =
    earlier?.deadLetters === undefined ? await readStart(queue, { name: spec.queue.name, ...bounds }) : earlier
  // The queue of a run that goes on may be empty by now: its Job is there all the same.
  const items = earlier === undefined ? (spec.items ?? start.items ?? 0) : spec.items || earlier.items || 1
  const total = earlier?.items ?? start.items ?? items
  recorder?.start(total, heldPerWorker(spec))
  const begun = { ...start, earlier: earlier !== undefined }
  if (queue === undefined) {
    const result = await firstJob(api, { ...spec, items }, options, start)
    return { ...result, ...timelineIn(recorder) }
  }
  if (options.on?.progress === undefined && recorder === undefined) {
    return await runAndCount(api, { ...spec, items }, { ...options, queue }, begun)
  }
  const counts = { total, deadBefore: start.deadLetters ?? 0, perWorker: heldPerWorker(spec) }
  const progress = new ItemProgress(queue, counts, options.on ?? {}, signal)
  try {
    return await runAndCount(api, { ...spec, items }, { ...options, queue, progress, on: progress.on }, begun)
  } finally {
    await progress.stop()
  }
}

/** A run whose queue is read. */
type Counting = Recorded & { readonly queue: RunQueue; readonly progress?: ItemProgress | undefined }

async function firstJob(api: KubeApi, spec: JobSpec, options: Recorded, start: RunStart): Promise<JobResult> {
  return spec.items === 0 ? withoutJob(api, spec, options) : runToEnd(api, spec, options, start)
}

/** Runs the Job and its sweeps, and judges by the last count. `start.earlier`: the run was begun by an earlier call. */
async function runAndCount(
  api: KubeApi,
  spec: JobSpec,
  options: Counting,
  start: RunStart & { readonly earlier: boolean },
): Promise<JobResult> {
  const { queue, signal, countTimeoutMs = COUNT_TIMEOUT_MS, leftover, recorder, progress } = options
  const bounds = { countTimeoutMs, signal }
  const { deadLetters } = start
  let result = await firstJob(api, spec, options, start)
  const sweep = async (number: number, left: number): Promise<void> => {
    const sweeping = { ...spec, name: sweepName(spec.name, number), items: left }
    // All Jobs of a run have its id, so that a service that is started again finds each of them.
    const { runId } = result
    const own = { ...options, ...(runId === undefined ? {} : { runId }), preflight: false }
    const swept = await runToEnd(api, sweeping, own, { items: left, deadLetters })
    result = { ...result, sweeps: [...(result.sweeps ?? []), swept] }
  }
  const swept = !start.earlier || leftover !== 'sweep' ? [] : await earlierSweeps(api, spec, options)
  for (const [done, left] of swept.entries()) await sweep(done + 1, left)
  const counting = leftover === 'ignore' ? ignoringConsumers(queue) : queue
  let counted = await countQueue(counting, bounds)
  let most = swept.at(-1) ?? Number.POSITIVE_INFINITY
  for (let number = swept.length + 1; leftover === 'sweep' && number <= MOST_SWEEPS; number++) {
    const left = counted.verdict === 'left' ? (counted.reading?.ready ?? 0) : 0
    if (left === 0 || left >= most) break
    most = left
    await sweep(number, left)
    counted = await countQueue(counting, bounds)
  }
  // Where consumers are ignored, they may hold items.
  if (leftover !== 'ignore') progress?.end(counted)
  const dead = deadIn(counted, deadLetters) ?? 0
  const named = dead === 0 ? undefined : await nameDeadItems(queue, { before: deadLetters ?? 0, count: dead, signal })
  return judge({ ...result, ...timelineIn(recorder) }, counted, {
    ...options,
    queue: spec.queue.name,
    deadBefore: deadLetters,
    named,
  })
}

function sweepName(name: string, sweep: number): string {
  return `${name}-sweep-${sweep}`
}

/** The numbers of items of the sweeps that a run with this id has begun, in order. */
async function earlierSweeps(api: KubeApi, spec: NamedSpec, options: RunJobOptions): Promise<number[]> {
  const found: number[] = []
  while (found.length < MOST_SWEEPS) {
    const sweep = await earlierRun(api, { ...spec, name: sweepName(spec.name, found.length + 1) }, options)
    if (sweep === undefined) break
    found.push(sweep.items)
  }
  return found
}

async function runToEnd(api: KubeApi, spec: JobSpec, options: Recorded, start: RunStart): Promise<JobResult> {
  const onAbort = options.onAbort ?? 'delete'
  let suspended: boolean | undefined
  if (options.preflight !== false) {
    const logs = options.on?.podLog !== undefined
    const report = await preflightWith(api, spec, { ...options, onAbort, logs })
    const error = preflightError(report)
    if (error !== undefined) throw error
    suspended = report.suspended
  }
  const { job, own } = await submit(api, spec, { ...options, suspended, annotations: annotationsOf(start) })
  const { name, namespace = api.namespace, uid } = job.metadata
  return waitWith(
    api,
    { name, namespace, uid },
    {
      ...options,
      // The Job of another call is that call's to delete.
      onAbort: own ? onAbort : 'leave',
      first: job,
      recorder: options.recorder?.nextJob(),
      keepsStart: own && options.runId !== undefined,
    },
  )
}

function withoutJob(api: KubeApi, spec: NamedSpec, options: ClientOptions): JobResult {
  const namespace = namespaceOf(api, spec, options)
  return { name: spec.name, namespace, completions: 0, succeeded: 0, failed: 0, durationMs: 0 }
}

/** Adds everything that is wrong with a run. */
export function checkRun(problems: Problems, spec: RunSpec, options: RunJobOptions): void {
  checkRunSpec(problems, spec, options.queue)
  checkSubmitOptions(problems, options)
  checkWaitOptions(problems, options)
  problems.oneOf('leftover', options.leftover, ['fail', 'sweep', 'ignore'])
  problems.oneOf('deadLettered', options.deadLettered, ['fail', 'report'])
  problems.durationMs('countTimeoutMs', options.countTimeoutMs)
  problems.flag('preflight', options.preflight)
  if (options.leftover === 'sweep' && options.queue === undefined) {
    problems.add('leftover', "'sweep' needs the option queue, which says what is left")
  }
  const longest = 63 - sweepName('', MOST_SWEEPS).length - '-99999'.length
  if (options.leftover === 'sweep' && typeof spec?.name === 'string' && spec.name.length > longest) {
    problems.add('name', `must have at most ${longest} characters when leftover is 'sweep', whose Jobs add to it`)
  }
}
