const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
]

/** The distance of the labels on a time axis: a round time, so that there are at most `most` labels. */
export function timeStep(spanMs: number, most: number): number {
  const least = spanMs / Math.max(1, most)
  return STEPS.find((step) => step >= least) ?? Math.ceil(least / DAY) * DAY
}

/** A duration in at most two units: `0 s`, `45 s`, `2 min 30 s`, `3 h`, `1 d 4 h`. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / SECOND)
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}
