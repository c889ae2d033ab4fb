import { type Span, SpanStatusCode } from '@opentelemetry/api'

/** The value of `error.type` for a thrown value: the code of our own errors, else the name of its class. */
export function codeOf(error: unknown): string {
  try {
    const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
    if (typeof code === 'string') return code
    if (typeof name === 'string') return name
  } catch {
    // A proxy may throw at any look.
  }
  return '_OTHER'
}

/** Ends a span of something that failed. */
export function endWithError(span: Span, code: string, cause?: unknown): void {
  span.setAttribute('error.type', code)
  if (cause instanceof Error) span.recordException(cause)
  span.setStatus({ code: SpanStatusCode.ERROR, message: code })
  span.end()
}
