/** The time since a timestamp, as kubectl prints an age. */
export function ageOf(time: string | null | undefined): string {
  return time === undefined || time === null ? '<unknown>' : durationText(Date.now() - Date.parse(time))
}

/**
 * The largest one or two units of a duration, as kubectl prints it: 5s, 3m20s, 4h10m, 2d3h.
 * https://github.com/kubernetes/apimachinery/blob/v0.34.0/pkg/util/duration/duration.go
 */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's')
  if (hours < 3) return `${minutes}m`
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (days < 8) return both(days, 'd', hours % 24, 'h')
  return `${days}d`
}

function both(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smallUnit}`
}
