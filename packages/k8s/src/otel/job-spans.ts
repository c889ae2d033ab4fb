import { childOf, codeOf, endWithError, type Subscriptions } from '@internal/telemetry'
import { type Attributes, context, type Span, type Tracer } from '@opentelemetry/api'
import type { JobTrace } from '../api/trace.ts'
import type { JobResult } from '../job/job-result.ts'

const STEPS = ['run', 'submit', 'wait'] as const

/** The spans of a Job: `run`, and `submit` and `wait` in it. */
export class JobSpans {
  readonly #tracer: Tracer
  readonly #spans = new WeakMap<JobTrace, Span>()

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  subscribe(to: Subscriptions): void {
    for (const step of STEPS) {
      to.add(`tracing:podqueue:${step}:start`, (message: JobTrace) => this.#begin(step, message))
      to.add(`tracing:podqueue:${step}:asyncEnd`, (message: JobTrace) => this.#end(step, message))
    }
  }

  #begin(step: (typeof STEPS)[number], message: JobTrace): void {
    const { name, namespace, completions } = message
    const attributes = {
      'k8s.job.name': name,
      'k8s.namespace.name': namespace,
      ...(completions === undefined ? {} : { 'podqueue.job.completions': completions }),
    }
    const span = this.#tracer.startSpan(`${step} Job`, { attributes })
    this.#spans.set(message, span)
    const within = childOf(span)
    message.around((work) => context.with(within, work))
  }

  #end(step: (typeof STEPS)[number], message: JobTrace): void {
    const span = this.#spans.get(message)
    if (span === undefined) return
    const { result, error } = message
    span.setAttributes(step === 'submit' ? jobAttributes(result) : verdictAttributes(result))
    if (error === undefined) span.end()
    else endWithError(span, codeOf(error), error)
  }
}

function jobAttributes(job: unknown): Attributes {
  const { metadata } = (job ?? {}) as { readonly metadata?: { readonly uid?: string } }
  return metadata?.uid === undefined ? {} : { 'k8s.job.uid': metadata.uid }
}

function verdictAttributes(result: unknown): Attributes {
  if (result === undefined) return { 'podqueue.job.verdict': 'error' }
  const { uid, completions, succeeded, failed, leftover, deadLettered, sweeps } = result as JobResult
  return {
    'podqueue.job.verdict': 'complete',
    ...(uid === undefined ? {} : { 'k8s.job.uid': uid }),
    'podqueue.job.completions': completions,
    'podqueue.job.succeeded': succeeded,
    'podqueue.job.failed': failed,
    ...(leftover === undefined ? {} : { 'podqueue.job.leftover': leftover }),
    ...(deadLettered === undefined ? {} : { 'podqueue.job.dead_lettered': deadLettered }),
    ...(sweeps === undefined ? {} : { 'podqueue.job.sweeps': sweeps.length }),
  }
}
