/** Something with a beginning and an end, milliseconds. */
export interface Span {
  readonly from: number
  readonly to: number
}

/**
 * Gives each span a lane, so that no two overlap in one: the first lane that is free when the span begins. There are as many lanes as
 * spans overlap at the same time. Returns the lane of each span, in the order of the spans.
 */
export function lanesOf(spans: readonly Span[]): { readonly lanes: readonly number[]; readonly count: number } {
  const free: number[] = []
  const lanes = new Array<number>(spans.length).fill(0)
  const order = spans.map((_, at) => at).sort((one, other) => from(spans, one) - from(spans, other) || one - other)
  for (const at of order) {
    const { from: begin, to } = spans[at] as Span
    const found = free.findIndex((end) => end <= begin)
    const lane = found === -1 ? free.length : found
    free[lane] = to
    lanes[at] = lane
  }
  return { lanes, count: free.length }
}

function from(spans: readonly Span[], at: number): number {
  return (spans[at] as Span).from
}
