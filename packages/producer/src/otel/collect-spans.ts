import {
  BatchLinks,
  childOf,
  codeOf,
  endWithError,
  messageAttributes,
  queueAttributes,
  remoteContext,
  type Subscriptions,
} from '@internal/telemetry'
import { SpanKind, type Tracer, trace } from '@opentelemetry/api'
import type { CollectedDiagnostic, CollectTrace } from '../diagnostics.ts'

/** The spans of calls of `collectResults`, and of each result, which goes on with the trace of its item. */
export class CollectSpans {
  readonly #tracer: Tracer
  readonly #batches = new WeakMap<CollectTrace, BatchLinks>()

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  subscribe(to: Subscriptions): void {
    to.add('tracing:podqueue:collect:start', (message: CollectTrace) => this.#begin(message))
      .add('podqueue:collected', (message: CollectedDiagnostic) => this.#collected(message))
      .add('tracing:podqueue:collect:asyncEnd', (message: CollectTrace) => this.#end(message))
  }

  #begin(message: CollectTrace): void {
    const { queue, address, batch } = message
    const attributes = {
      ...queueAttributes(queue, address, { name: 'collect', type: 'receive' }),
      'podqueue.batch.id': batch,
    }
    const span = this.#tracer.startSpan(`collect ${queue}`, { kind: SpanKind.CLIENT, attributes })
    this.#batches.set(message, new BatchLinks(span))
  }

  #collected({ collect, log, index, status, headers }: CollectedDiagnostic): void {
    const batch = this.#batches.get(collect)
    if (batch === undefined) return
    const attributes = {
      ...queueAttributes(collect.queue, collect.address, { name: 'receive', type: 'receive' }),
      ...messageAttributes(log, undefined),
      'podqueue.batch.id': collect.batch,
      'podqueue.item.index': index,
      'podqueue.result.status': status,
    }
    const remote = remoteContext(headers)
    // A worker without telemetry sends no context: then the result belongs to the call alone.
    const parent = trace.getSpanContext(remote) === undefined ? childOf(batch.span) : remote
    // The name has the queue and not the stream of its results: each batch has another.
    const span = this.#tracer.startSpan(
      `receive result ${collect.queue}`,
      { kind: SpanKind.CLIENT, attributes },
      parent,
    )
    batch.add(span)
    span.end()
  }

  #end(message: CollectTrace): void {
    const span = this.#batches.get(message)?.span
    if (span === undefined) return
    span.setAttribute('messaging.batch.message_count', message.collected)
    if (message.error === undefined) span.end()
    else endWithError(span, codeOf(message.error), message.error)
  }
}
