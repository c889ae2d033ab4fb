import { codeOf, Lazy, SECONDS, type Subscriptions } from '@internal/telemetry'
import type { Meter } from '@opentelemetry/api'
import type { JobTrace } from '../api/trace.ts'
import type { JobCounts } from '../job/job-state.ts'
import type { JobProgress } from '../wait/job-progress.ts'

/** The metrics of Jobs. A Job has values while somebody waits for it, so that the series of Jobs that are over do not pile up. */
export class JobMetrics {
  readonly #instruments: Lazy<ReturnType<typeof makeInstruments>>
  /** The waits, by Job: the number of them, and the last counts. */
  readonly #jobs = new Map<string, { waits: number; readonly job: JobTrace; counts: JobCounts | undefined }>()
  readonly #startedAt = new WeakMap<JobTrace, number>()

  constructor(meter: () => Meter) {
    this.#instruments = new Lazy(() => makeInstruments(meter(), () => this.#jobs.values()))
  }

  subscribe(to: Subscriptions): void {
    to.add('tracing:podqueue:wait:start', (message: JobTrace) => this.#begin(message))
      .add('podqueue:progress', ({ name, namespace, counts }: JobProgress) => {
        const job = this.#jobs.get(keyOf({ name, namespace }))
        if (job !== undefined) job.counts = counts
      })
      .add('tracing:podqueue:wait:asyncEnd', (message: JobTrace) => this.#end(message))
  }

  #begin(message: JobTrace): void {
    this.#startedAt.set(message, performance.now())
    const key = keyOf(message)
    const known = this.#jobs.get(key) ?? { waits: 0, job: message, counts: undefined }
    known.waits += 1
    this.#jobs.set(key, known)
    this.#instruments.value.waits.add(1, { 'k8s.namespace.name': message.namespace })
  }

  #end(message: JobTrace): void {
    const startedAt = this.#startedAt.get(message)
    // Its begin was before the subscription.
    if (startedAt === undefined) return
    const { namespace, error } = message
    const key = keyOf(message)
    const known = this.#jobs.get(key)
    if (known !== undefined) known.waits -= 1
    if (known?.waits === 0) this.#jobs.delete(key)
    const { waits, duration } = this.#instruments.value
    waits.add(-1, { 'k8s.namespace.name': namespace })
    duration.record((performance.now() - startedAt) / 1_000, {
      'k8s.namespace.name': namespace,
      'podqueue.job.verdict': error === undefined ? 'complete' : 'error',
      ...(error === undefined ? {} : { 'error.type': codeOf(error) }),
    })
  }
}

function keyOf({ name, namespace }: Pick<JobTrace, 'name' | 'namespace'>): string {
  return `${namespace}/${name}`
}

interface Waited {
  readonly job: JobTrace
  readonly counts: JobCounts | undefined
}

function makeInstruments(meter: Meter, jobs: () => Iterable<Waited>) {
  const pods = meter.createObservableGauge('podqueue.job.pods', {
    unit: '{pod}',
    description: 'Pods of the Jobs that are waited for: active, ready, terminating, succeeded, failed',
  })
  const left = meter.createObservableGauge('podqueue.job.completions_left', {
    unit: '{pod}',
    description: 'Pods that still have to succeed: with one item a pod, the items that are left',
  })
  meter.addBatchObservableCallback(
    (result) => {
      for (const { job, counts } of jobs()) {
        if (counts === undefined) continue
        const attributes = { 'k8s.job.name': job.name, 'k8s.namespace.name': job.namespace }
        const { active, ready, terminating, succeeded, failed, completions } = counts
        for (const [state, count] of Object.entries({ active, ready, terminating, succeeded, failed }))
          result.observe(pods, count, { ...attributes, 'podqueue.pod.state': state })
        result.observe(left, Math.max(0, completions - succeeded), attributes)
      }
    },
    [pods, left],
  )
  return {
    waits: meter.createUpDownCounter('podqueue.job.waits', { unit: '{job}', description: 'Jobs that are waited for' }),
    duration: meter.createHistogram('podqueue.job.duration', {
      ...SECONDS,
      description: 'Time of the wait for a Job, by its verdict',
    }),
  }
}
