import type { RunProgress } from '../wait/run-events.ts'

/** `12.3/s`, `4.5/min`, `2/h`. */
export function rateWords(perSecond: number): string {
  if (perSecond >= 1) return `${number(perSecond)}/s`
  if (perSecond * 60 >= 1) return `${number(perSecond * 60)}/min`
  return `${number(perSecond * 3_600)}/h`
}

function number(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toFixed(1)))
}

/** `48 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: the two largest units. */
export function timeWords(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds))
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const
  const first = units.findIndex(([size]) => whole >= size)
  let rest = whole
  return units
    .slice(first, first + 2)
    .map(([size, name]) => {
      const count = Math.floor(rest / size)
      rest -= count * size
      return count === 0 ? '' : `${count} ${name}`
    })
    .filter(Boolean)
    .join(' ')
}

/** The numbers that a bar and a speed are made of: of items when they are known, else of pods. */
export function extent({ items, succeeded, completions }: RunProgress): {
  readonly ended: number
  readonly left: number
  readonly done: number
  readonly total: number
} {
  if (items === undefined) {
    return { ended: succeeded, left: Math.max(0, completions - succeeded), done: succeeded, total: completions }
  }
  const { total, done, left, dead } = items
  return { ended: done + dead, left, done, total }
}

/** The state of a run in parts, the most important first. */
export function stateParts(progress: RunProgress): string[] {
  const { items, active, succeeded, completions, failed } = progress
  const attempts = failed === 0 ? [] : [`${failed} failed ${failed === 1 ? 'attempt' : 'attempts'}`]
  if (items === undefined) {
    return [`${succeeded} of ${completions} pods done`, `${active} active`, ...attempts]
  }
  const { total, done, left, dead } = items
  return [
    `${done} of ${total} items done`,
    `${left} left`,
    ...(dead === 0 ? [] : [`${dead} dead`]),
    `${active} ${active === 1 ? 'worker' : 'workers'}`,
    ...attempts,
  ]
}

/** The speed, and the time that is left at that speed. */
export function speedParts(progress: RunProgress, perSecond: number | undefined): string[] {
  const { left } = extent(progress)
  if (perSecond === undefined || left === 0) return []
  return [rateWords(perSecond), `about ${timeWords(left / perSecond)} left`]
}
