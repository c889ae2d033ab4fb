import type { ErrorFields } from './coded-error.ts'

/** One thing that is wrong with what a call was given. */
export interface Problem {
  /** Where: `parallelism`, `queue.podUrl`, `env[3].name`. */
  readonly path: string
  /** What is wrong and what would be right. */
  readonly message: string
}

/** Collects everything that is wrong with the options of one call, so that the caller hears of all of it at once. */
export class Problems {
  readonly #found: Problem[] = []

  get found(): readonly Problem[] {
    return this.#found
  }

  add(path: string, message: string): void {
    this.#found.push({ path, message })
  }

  /** A text that is not empty. Returns whether it is. */
  text(path: string, value: unknown): value is string {
    if (typeof value === 'string' && value !== '') return true
    this.add(path, `must be a text that is not empty, not ${shown(value)}`)
    return false
  }

  /** A whole number from `min` to `max`; undefined is for the default and passes. */
  wholeNumber(
    path: string,
    value: unknown,
    { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
  ): void {
    if (value === undefined) return
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
    this.add(path, `must be a whole number ${range}, not ${shown(value)}`)
  }

  /** A duration in milliseconds; undefined is for the default and passes. 2^31 - 1 is the longest that a timer takes. */
  durationMs(path: string, value: unknown, { min = 0 }: { min?: number } = {}): void {
    this.wholeNumber(path, value, { min, max: 2 ** 31 - 1 })
  }

  /** One of a few words; undefined is for the default and passes. */
  oneOf(path: string, value: unknown, words: readonly string[]): void {
    if (value === undefined || words.includes(value as string)) return
    this.add(path, `must be ${words.map((word) => `'${word}'`).join(' or ')}, not ${shown(value)}`)
  }

  /** Does nothing when nothing is wrong; else throws what `toError` makes of all of it. */
  throwAs(call: string, toError: (fields: ErrorFields<'INVALID_OPTIONS'>) => Error): void {
    if (this.#found.length === 0) return
    const lines = this.#found.map(({ path, message }) => `${path}: ${message}`)
    throw toError({
      code: 'INVALID_OPTIONS',
      message: lines.length === 1 ? `${call}: ${lines[0]}` : `${call}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
      hint: 'Correct what is named; nothing was sent.',
      details: { problems: this.found },
    })
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string')
    return value === '' ? 'an empty one' : `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : typeof value
}
