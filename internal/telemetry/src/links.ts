import type { Span } from '@opentelemetry/api'

/** The SDK keeps this number of links of a span, and would count the others as dropped. */
const MOST_LINKS = 128

/** The span of a batch, with links to those of its items: the first 128 of them. */
export class BatchLinks {
  readonly span: Span
  #left = MOST_LINKS

  constructor(span: Span) {
    this.span = span
  }

  add(item: Span): void {
    if (this.#left === 0 || !this.span.isRecording()) return
    this.#left -= 1
    this.span.addLink({ context: item.spanContext() })
  }
}
