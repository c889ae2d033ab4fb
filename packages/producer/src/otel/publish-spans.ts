import {
  BatchLinks,
  childOf,
  codeOf,
  endWithError,
  messageAttributes,
  queueAttributes,
  remoteContext,
  type Subscriptions,
  untraced,
} from '@internal/telemetry'
import { context, propagation, ROOT_CONTEXT, type Span, SpanKind, type Tracer, trace } from '@opentelemetry/api'
import type { EnqueueTrace, PublishDiagnostic, SettleDiagnostic } from '../diagnostics.ts'
import type { ProducerMetrics } from './producer-metrics.ts'

const PUBLISH = { name: 'publish', type: 'send' } as const

/** An item that is published and not yet settled. */
interface Published {
  readonly span: Span
  readonly at: number
}

/** The spans of calls of `enqueue`, and of their items: from the publish to the answer of the broker. */
export class PublishSpans {
  readonly #tracer: Tracer
  readonly #metrics: ProducerMetrics
  readonly #batches = new WeakMap<EnqueueTrace, BatchLinks>()
  readonly #bySpan = new WeakMap<Span, BatchLinks>()
  readonly #published = new WeakMap<object, Map<number, Published>>()

  constructor(tracer: Tracer, metrics: ProducerMetrics) {
    this.#tracer = tracer
    this.#metrics = metrics
  }

  subscribe(to: Subscriptions): void {
    to.add('tracing:podqueue:enqueue:start', (message: EnqueueTrace) => this.#begin(message))
      .add('tracing:podqueue:enqueue:asyncEnd', (message: EnqueueTrace) => this.#end(message))
      .add('podqueue:publish', (message: PublishDiagnostic) => this.#publish(message))
      .add('podqueue:settle', (message: SettleDiagnostic) => this.#settle(message))
  }

  #begin(message: EnqueueTrace): void {
    const { queue, address } = message
    const attributes = queueAttributes(queue, address, { name: 'enqueue', type: 'send' })
    const span = this.#tracer.startSpan(`enqueue ${queue}`, { kind: SpanKind.CLIENT, attributes })
    const batch = new BatchLinks(span)
    this.#batches.set(message, batch)
    this.#bySpan.set(span, batch)
    const within = childOf(span)
    message.around((work) => context.with(within, work))
  }

  #end(message: EnqueueTrace): void {
    const span = this.#batches.get(message)?.span
    if (span === undefined) return
    const { batch, confirmed, error } = message
    if (batch !== undefined) span.setAttribute('podqueue.batch.id', batch)
    const count = confirmed ?? confirmedBy(error)
    if (count !== undefined) span.setAttribute('messaging.batch.message_count', count)
    if (error === undefined) span.end()
    else endWithError(span, codeOf(error), error)
  }

  #publish(message: PublishDiagnostic): void {
    const { call, queue, address, index, messageId, bytes, headers } = message
    const attributes = {
      ...queueAttributes(queue, address, PUBLISH),
      ...messageAttributes(queue, messageId, bytes),
      'podqueue.item.index': index,
    }
    const within = context.active()
    // The app has given this item a context of its own, which the worker is to go on with.
    const own = trace.getSpanContext(remoteContext(headers, ROOT_CONTEXT))
    const links = own === undefined ? [] : [{ context: own }]
    const span = this.#tracer.startSpan(`publish ${queue}`, { kind: SpanKind.PRODUCER, attributes, links }, within)
    if (own === undefined) propagation.inject(childOf(span, within), headers)
    message.around((send) => context.with(untraced(within), send))
    const batch = trace.getSpan(within)
    if (batch !== undefined) this.#bySpan.get(batch)?.add(span)
    const published = this.#of(call)
    const before = published.get(index)
    if (before !== undefined) endWithError(before.span, 'unknown')
    else this.#metrics.begun(message)
    published.set(index, { span, at: performance.now() })
  }

  #settle(message: SettleDiagnostic): void {
    const { call, index, outcome } = message
    const published = this.#of(call)
    const item = published.get(index)
    this.#metrics.settled(message, item === undefined ? undefined : performance.now() - item.at)
    if (item === undefined) return
    published.delete(index)
    if (outcome === 'confirmed') item.span.end()
    else endWithError(item.span, outcome)
  }

  #of(call: object): Map<number, Published> {
    const known = this.#published.get(call)
    if (known !== undefined) return known
    const made = new Map<number, Published>()
    this.#published.set(call, made)
    return made
  }
}

/** An error of `enqueue` counts the items that are in the queue all the same. */
function confirmedBy(error: unknown): number | undefined {
  const { counts } = (error ?? {}) as { readonly counts?: { readonly confirmed?: number } }
  return counts?.confirmed
}
