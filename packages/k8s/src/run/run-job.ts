import type { Names, Problems } from '@internal/options'
import type { ClientOptions } from '../api/client-options.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { namespaceOf } from '../api/namespace.ts'
import type { JobResult } from '../job/job-result.ts'
import { preflightError, preflightWith } from '../preflight/preflight.ts'
import { countQueue, ignoringConsumers, readAtStart } from '../queue/count-queue.ts'
import type { InspectQueue } from '../queue/queue-reading.ts'
import { isObject } from '../spec/check-shape.ts'
import { checkSpec } from '../spec/check-spec.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import { submit } from '../submit/submission.ts'
import { checkSubmitOptions, SUBMIT_OPTIONS, type SubmitOptions } from '../submit/submit-options.ts'
import { checkWaitOptions, WAIT_OPTIONS, type WaitOptions, waitWith } from '../wait/wait-for-job.ts'
import { judge } from './judge.ts'

const COUNT_TIMEOUT_MS = 60_000
/** More would only repeat what three did not bring about. */
const MOST_SWEEPS = 3

/** A {@link JobSpec} whose `items` may be left out when `inspectQueue` is given: it is then what is ready in the queue. */
export type RunSpec = Omit<JobSpec, 'items'> & {
  /** How many items are in the queue. 0 makes no Job. Default: what `inspectQueue` reads. */
  readonly items?: number | undefined
}

/** How {@link runJob} knows that the work is done. */
export interface RunOptions {
  /**
   * Reads the queue, such as `() => inspectQueue('job1')` of `@podqueue/producer`. With it the run is done when the Job is
   * complete and the queue empty; without it the Job alone is believed. Default: none.
   */
  readonly inspectQueue?: InspectQueue | undefined
  /**
   * What items that are still ready after the Job mean: `ITEMS_LEFT`; further Jobs over them, named `<name>-sweep-<n>`, at most
   * three, as long as they become fewer; or only a number in the result. Default: 'fail'.
   */
  readonly leftover?: 'fail' | 'sweep' | 'ignore' | undefined
  /** What dead letters that came in during the run mean: `DEAD_LETTERED`, or only a number in the result. Default: 'fail'. */
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

/** Everything that {@link runJob} takes besides the spec. */
export type RunJobOptions = ClientOptions & SubmitOptions & WaitOptions & RunOptions

/** The names of these options, less those of a client. */
export const RUN_JOB_OPTIONS: Names<SubmitOptions & WaitOptions & RunOptions> = {
  ...SUBMIT_OPTIONS,
  ...WAIT_OPTIONS,
  inspectQueue: true,
  leftover: true,
  deadLettered: true,
  countTimeoutMs: true,
  preflight: true,
}

/** Runs by one API client what was checked. */
export async function runWith(api: KubeApi, spec: RunSpec, options: RunJobOptions): Promise<JobResult> {
  const { inspectQueue, signal, countTimeoutMs = COUNT_TIMEOUT_MS, leftover } = options
  const before =
    inspectQueue === undefined
      ? undefined
      : await readAtStart(inspectQueue, { queue: spec.queue.name, countTimeoutMs, signal })
  const items = spec.items ?? before?.ready ?? 0
  let result = items === 0 ? withoutJob(api, spec, options) : await runToEnd(api, { ...spec, items }, options)
  if (inspectQueue === undefined) return result
  const inspect = leftover === 'ignore' ? ignoringConsumers(inspectQueue) : inspectQueue
  const bounds = { countTimeoutMs, signal }
  let counted = await countQueue(inspect, bounds)
  for (let sweep = 1, most = Number.POSITIVE_INFINITY; leftover === 'sweep' && sweep <= MOST_SWEEPS; sweep++) {
    const left = counted.verdict === 'left' ? (counted.reading?.ready ?? 0) : 0
    if (left === 0 || left >= most) break
    most = left
    const swept = await runToEnd(
      api,
      { ...spec, name: sweepName(spec.name, sweep), items: left },
      {
        ...options,
        // All Jobs of a run have its id, so that a service that is started again finds each of them.
        ...(result.runId === undefined ? {} : { runId: result.runId }),
        preflight: false,
      },
    )
    result = { ...result, sweeps: [...(result.sweeps ?? []), swept] }
    counted = await countQueue(inspect, bounds)
  }
  return judge(result, counted, { ...options, queue: spec.queue.name, deadBefore: before?.deadLetters })
}

function sweepName(name: string, sweep: number): string {
  return `${name}-sweep-${sweep}`
}

async function runToEnd(api: KubeApi, spec: JobSpec, options: RunJobOptions): Promise<JobResult> {
  const onAbort = options.onAbort ?? 'delete'
  if (options.preflight !== false) {
    const logs = options.on?.podLog !== undefined
    const error = preflightError(await preflightWith(api, spec, { ...options, onAbort, logs }))
    if (error !== undefined) throw error
  }
  const job = await submit(api, spec, options)
  const { name, namespace = api.namespace, uid } = job.metadata
  return waitWith(api, { name, namespace, uid }, { ...options, onAbort, first: job })
}

function withoutJob(api: KubeApi, spec: RunSpec, options: ClientOptions): JobResult {
  const namespace = namespaceOf(api, spec, options)
  return { name: spec.name, namespace, completions: 0, succeeded: 0, failed: 0, durationMs: 0 }
}

/** Adds everything that is wrong with a run. */
export function checkRun(problems: Problems, spec: RunSpec, options: RunJobOptions): void {
  // No items, or none said, is right here; the rest of the spec is checked as if there were one.
  const items = spec?.items === 0 || (spec?.items === undefined && options.inspectQueue !== undefined) ? 1 : spec?.items
  checkSpec(problems, (isObject(spec) ? { ...spec, items } : spec) as JobSpec)
  checkSubmitOptions(problems, options)
  checkWaitOptions(problems, options)
  problems.oneOf('leftover', options.leftover, ['fail', 'sweep', 'ignore'])
  problems.oneOf('deadLettered', options.deadLettered, ['fail', 'report'])
  problems.durationMs('countTimeoutMs', options.countTimeoutMs)
  problems.flag('preflight', options.preflight)
  problems.callable('inspectQueue', options.inspectQueue)
  if (options.leftover === 'sweep' && options.inspectQueue === undefined) {
    problems.add('leftover', "'sweep' needs inspectQueue, which says what is left")
  }
  const longest = 63 - sweepName('', MOST_SWEEPS).length - '-99999'.length
  if (options.leftover === 'sweep' && typeof spec?.name === 'string' && spec.name.length > longest) {
    problems.add('name', `must have at most ${longest} characters when leftover is 'sweep', whose Jobs add to it`)
  }
}
