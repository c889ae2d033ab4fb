import {
  childOf,
  endWithError,
  messageAttributes,
  queueAttributes,
  remoteContext,
  type Subscriptions,
  untraced,
} from '@internal/telemetry'
import { type Context, context, propagation, ROOT_CONTEXT, type Span, SpanKind, type Tracer } from '@opentelemetry/api'
import type { AckDiagnostic, AnswerTrace, HandleTrace, TakeDiagnostic } from '../diagnostics.ts'

/** The spans of an item in a worker: `receive`, `process`, `publish` for its result or its dead letter, `settle`. */
export class ItemSpans {
  readonly #tracer: Tracer
  /** The context that the next span of a delivery is in: that of its publisher, and then that of its `process`. */
  readonly #contexts = new WeakMap<object, Context>()
  readonly #spans = new WeakMap<object, Span>()

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  subscribe(to: Subscriptions): void {
    to.add('podqueue:take', (message: TakeDiagnostic) => this.#take(message))
      .add('tracing:podqueue:handle:start', (message: HandleTrace) => this.#handle(message))
      .add('tracing:podqueue:handle:asyncEnd', (message: HandleTrace) => this.#handled(message))
      .add('tracing:podqueue:answer:start', (message: AnswerTrace) => this.#answer(message))
      .add('tracing:podqueue:answer:asyncEnd', (message: AnswerTrace) => this.#answered(message))
      .add('podqueue:ack', (message: AckDiagnostic) => this.#settle(message))
  }

  #take({ queue, address, messageId, delivery, bytes, headers, deliveryCount }: TakeDiagnostic): void {
    const publisher = remoteContext(headers)
    this.#contexts.set(delivery, publisher)
    const attributes = {
      ...queueAttributes(queue, address, { name: 'receive', type: 'receive' }),
      ...messageAttributes(queue, messageId, bytes),
      ...(deliveryCount === undefined ? {} : { 'podqueue.item.delivery_count': deliveryCount }),
    }
    this.#tracer.startSpan(`receive ${queue}`, { kind: SpanKind.CLIENT, attributes }, publisher).end()
  }

  #handle(message: HandleTrace): void {
    const { queue, address, messageId, delivery, headers } = message
    const attributes = {
      ...queueAttributes(queue, address, { name: 'process', type: 'process' }),
      ...messageAttributes(queue, messageId),
    }
    const publisher = this.#contextOf(delivery)
    const span = this.#tracer.startSpan(`process ${queue}`, { kind: SpanKind.CONSUMER, attributes }, publisher)
    this.#spans.set(message, span)
    const within = childOf(span, publisher)
    this.#contexts.set(delivery, within)
    propagation.inject(within, headers)
    message.around((work) => context.with(within, work))
  }

  #handled(message: HandleTrace): void {
    const span = this.#spans.get(message)
    if (span === undefined) return
    const { outcome, code, cause, error } = message
    if (outcome !== undefined) span.setAttribute('podqueue.outcome', outcome)
    // An item that is given back because its worker has to end has not failed.
    if (error === undefined && (code === undefined || outcome === 'released')) span.end()
    else endWithError(span, code ?? 'BUG', cause ?? error)
  }

  #answer(message: AnswerTrace): void {
    const { queue, address, messageId, delivery, what, to, headers } = message
    const within = this.#contextOf(delivery)
    const attributes = {
      ...queueAttributes(queue, address, { name: 'publish', type: 'send' }),
      ...messageAttributes(to, messageId),
    }
    const span = this.#tracer.startSpan(`publish ${what} ${queue}`, { kind: SpanKind.PRODUCER, attributes }, within)
    this.#spans.set(message, span)
    const publishing = childOf(span, within)
    propagation.inject(publishing, headers)
    message.around((work) => context.with(untraced(publishing), work))
  }

  #answered(message: AnswerTrace): void {
    const span = this.#spans.get(message)
    if (span === undefined) return
    const { what, outcome } = message
    if (outcome !== undefined) span.setAttribute('podqueue.outcome', outcome)
    if (outcome === 'confirmed' || outcome === 'unclaimed') span.end()
    else endWithError(span, what === 'result' ? 'RESULT_FAILED' : 'DEAD_LETTER_FAILED', message.error)
  }

  #settle({ queue, address, messageId, delivery, how, phase }: AckDiagnostic): void {
    if (phase !== 'sent') return
    // AMQP's own words: RabbitMQ counts a reject as a failure, and a nack not.
    const name = how === 'release' ? 'nack' : how
    const attributes = {
      ...queueAttributes(queue, address, { name, type: 'settle' }),
      ...messageAttributes(queue, messageId),
    }
    this.#tracer.startSpan(`${name} ${queue}`, { kind: SpanKind.CLIENT, attributes }, this.#contextOf(delivery)).end()
  }

  #contextOf(delivery: object): Context {
    return this.#contexts.get(delivery) ?? ROOT_CONTEXT
  }
}
