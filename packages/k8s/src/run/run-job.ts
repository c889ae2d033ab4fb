import { Problems } from '@internal/errors'
import type { ClientOptions } from '../api/client-options.ts'
import { KubeApi } from '../api/kube-api.ts'
import { K8sError } from '../errors.ts'
import { findSpecProblems } from '../spec/check-spec.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import { submit } from '../submit/submission.ts'
import { findSubmitProblems, type SubmitOptions } from '../submit/submit-options.ts'
import { asK8sError } from '../wait/abort.ts'
import type { JobResult } from '../wait/job-result.ts'
import { findWaitProblems, type WaitOptions, waitWith } from '../wait/wait-for-job.ts'
import { type Counted, countQueue, describeUnknown, ignoringConsumers, readAtStart } from './count-queue.ts'
import type { InspectQueue } from './queue-reading.ts'
import { RunIncompleteError } from './run-incomplete-error.ts'

const COUNT_TIMEOUT_MS = 60_000

/** A {@link JobSpec} whose `items` may be left out when `inspectQueue` is given: it is then what is ready in the queue. */
export type RunSpec = Omit<JobSpec, 'items'> & {
  /** How many items are in the queue. 0 makes no Job. Default: what `inspectQueue` reads. */
  readonly items?: number
}

/** How {@link runJob} knows that the work is done. */
export interface RunOptions {
  /**
   * Reads the queue, such as `() => inspectQueue('job1')` of `@podqueue/producer`. With it the run is done when the Job is
   * complete and the queue empty; without it the Job alone is believed. Default: none.
   */
  readonly inspectQueue?: InspectQueue
  /** What items that are still ready after the Job mean: `ITEMS_LEFT`, or only a number in the result. Default: 'fail'. */
  readonly leftover?: 'fail' | 'ignore'
  /** What dead letters that came in during the run mean: `DEAD_LETTERED`, or only a number in the result. Default: 'fail'. */
  readonly deadLettered?: 'fail' | 'report'
  /**
   * How long, in milliseconds, the queue may take to give a reading that can be believed, at the start and after the Job.
   * A consumer that died with its node is attached for three heartbeats. Default: 60000.
   */
  readonly countTimeoutMs?: number
}

/** Everything that {@link runJob} takes besides the spec. */
export type RunJobOptions = ClientOptions & SubmitOptions & WaitOptions & RunOptions

/**
 * Runs a Job over a queue: submits it, waits for it, and counts what is left. When it returns, the Job is complete and, with
 * `inspectQueue`, the queue empty; anything else is an error.
 *
 * @throws JobFailedError as {@link waitForJob} does.
 * @throws RunIncompleteError `ITEMS_LEFT`, `DEAD_LETTERED`, `QUEUE_UNVERIFIED`: the Job is complete, the work is not, or
 * nobody knows.
 * @throws K8sError as {@link submitJob} and {@link waitForJob} do.
 */
export async function runJob(spec: RunSpec, options: RunJobOptions = {}): Promise<JobResult> {
  checkRun(spec, options)
  const { signal } = options
  try {
    signal?.throwIfAborted()
    return await run(await KubeApi.load(options.kubeConfig), spec, options)
  } catch (error) {
    throw asK8sError(error, signal)
  }
}

async function run(api: KubeApi, spec: RunSpec, options: RunJobOptions): Promise<JobResult> {
  const { inspectQueue, signal, countTimeoutMs = COUNT_TIMEOUT_MS } = options
  const before = inspectQueue === undefined ? undefined : await readAtStart(inspectQueue, { countTimeoutMs, signal })
  const items = spec.items ?? before?.ready ?? 0
  const result = items === 0 ? withoutJob(api, spec, options) : await runToEnd(api, { ...spec, items }, options)
  if (inspectQueue === undefined) return result
  const inspect = options.leftover === 'ignore' ? ignoringConsumers(inspectQueue) : inspectQueue
  return judge(result, await countQueue(inspect, { countTimeoutMs, signal }), { ...options, deadBefore: before?.dead })
}

async function runToEnd(
  api: KubeApi,
  spec: JobSpec,
  options: ClientOptions & SubmitOptions & WaitOptions,
): Promise<JobResult> {
  const job = await submit(api, spec, options)
  const { name, namespace = api.namespace, uid } = job.metadata
  return waitWith(
    'runJob',
    api,
    { name, namespace, uid },
    { ...options, onAbort: options.onAbort ?? 'delete', first: job },
  )
}

/** What the queue says about a Job that is complete. */
function judge(
  job: JobResult,
  { verdict, reading, cause }: Counted,
  options: RunOptions & { readonly deadBefore: number | undefined },
): JobResult {
  const dead =
    reading?.dead === undefined || options.deadBefore === undefined ? undefined : reading.dead - options.deadBefore
  const result = {
    ...job,
    ...(reading?.verified === true ? { leftOver: reading.ready } : {}),
    ...(dead === undefined ? {} : { deadLettered: Math.max(0, dead) }),
  }
  const { namespace, name } = job
  if (verdict === 'unknown' && options.leftover !== 'ignore') {
    throw new RunIncompleteError({
      code: 'QUEUE_UNVERIFIED',
      message: `Job ${namespace}/${name} is complete, but whether its queue is empty is not known: ${describeUnknown({ reading, cause })}.`,
      hint: 'Look at the queue once its broker is well; a run over what is left does no harm.',
      result,
      cause,
    })
  }
  if (verdict === 'left' && options.leftover !== 'ignore') {
    throw new RunIncompleteError({
      code: 'ITEMS_LEFT',
      message: `Job ${namespace}/${name} is complete, but ${result.leftOver} items are left in its queue.`,
      hint: 'There were more items than `items` said, or pods gave items back. Run again, without `items`, for the rest.',
      result,
    })
  }
  if (dead !== undefined && dead > 0 && options.deadLettered !== 'report') {
    throw new RunIncompleteError({
      code: 'DEAD_LETTERED',
      message: `Job ${namespace}/${name} is complete, but ${dead} items went to the dead letter queue.`,
      hint: "Look at them there, mend the cause and enqueue them again; deadLettered: 'report' makes this a number in the result.",
      result,
    })
  }
  return result
}

function withoutJob(api: KubeApi, spec: RunSpec, options: ClientOptions): JobResult {
  const namespace = spec.namespace ?? options.namespace ?? api.namespace
  return { name: spec.name, namespace, completions: 0, succeeded: 0, failed: 0, durationMs: 0 }
}

function checkRun(spec: RunSpec, options: ClientOptions & SubmitOptions & WaitOptions & RunOptions): void {
  const problems = new Problems()
  // No items, or none said, is right here; the rest of the spec is checked as if there were one.
  const items = spec?.items === 0 || (spec?.items === undefined && options.inspectQueue !== undefined) ? 1 : spec?.items
  findSpecProblems(problems, { ...spec, items } as JobSpec)
  findSubmitProblems(problems, options)
  findWaitProblems(problems, options)
  problems.oneOf('leftover', options.leftover, ['fail', 'ignore'])
  problems.oneOf('deadLettered', options.deadLettered, ['fail', 'report'])
  problems.durationMs('countTimeoutMs', options.countTimeoutMs)
  if (options.inspectQueue !== undefined && typeof options.inspectQueue !== 'function') {
    problems.add('inspectQueue', "must be a function, such as () => inspectQueue('job1')")
  }
  problems.throwAs('runJob', (fields) => new K8sError(fields))
}
