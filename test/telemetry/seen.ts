import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** The beginning of a line of a pod that prints a span. */
export const MARK = 'span: '

/** One span, as the tests compare them, whether it comes from memory or from the log of a pod. */
export interface Seen {
  readonly name: string
  readonly traceId: string
  readonly id: string
  readonly parent: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  /** The ids of the spans that it links to. */
  readonly links: readonly string[]
  readonly failed: boolean
}

export function seen(span: ReadableSpan): Seen {
  const { spanId, traceId } = span.spanContext()
  return {
    name: span.name,
    traceId,
    id: spanId,
    parent: span.parentSpanContext?.spanId,
    attributes: span.attributes,
    links: span.links.map(({ context }) => context.spanId),
    failed: span.status.code === 2,
  }
}
