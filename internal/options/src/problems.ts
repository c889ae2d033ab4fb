import type { ErrorFields } from '@internal/errors'

/** One thing that is wrong with what a call was given. */
export interface Problem {
  /** Where: `parallelism`, `queue.podUrl`, `env[3].name`. */
  readonly path: string
  /** What is wrong and what would be right. */
  readonly message: string
}

/**
 * The names of all options in `Options`, for {@link Problems.options}: an object that the compiler holds to the type, so that an
 * option which is added there and not here, or taken away, does not compile.
 */
export type Names<Options> = Readonly<Record<Options extends unknown ? keyof Options : never, true>>

/** Collects everything that is wrong with the options of one call, so that the caller hears of all of it at once. */
export class Problems {
  readonly #found: Problem[] = []

  get found(): readonly Problem[] {
    return this.#found
  }

  add(path: string, message: string): void {
    this.#found.push({ path, message })
  }

  /**
   * The options of a call: an object of known names and no others; undefined passes. What is not known here would be ignored,
   * and the caller believe in it. An option that is undefined is none.
   *
   * @param called what the object itself is called, where it is none
   * @param refused names that are understood, and why they are not taken
   * @returns the object, to look into; an empty one where there is none
   */
  options<Options extends object>(
    called: string,
    given: Options | undefined,
    names: Names<Options>,
    refused: Readonly<Record<string, string>> = {},
  ): Options {
    return this.#known({ path: called, prefix: '' }, given, names, refused)
  }

  /** As {@link options}, for an object within them: its names are told with its path before them. */
  known<Options extends object>(path: string, given: Options | undefined, names: Names<Options>): Options {
    return this.#known({ path, prefix: `${path}.` }, given, names, {})
  }

  #known<Options extends object>(
    { path, prefix }: { readonly path: string; readonly prefix: string },
    given: Options | undefined,
    names: Names<Options>,
    refused: Readonly<Record<string, string>>,
  ): Options {
    const none = {} as Options
    if (given === undefined) return none
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      this.add(path, `must be an object, not ${kind(given)}`)
      return none
    }
    for (const name of Object.keys(given)) {
      if (Object.hasOwn(names, name) || given[name as keyof Options] === undefined) continue
      const why = Object.hasOwn(refused, name) ? refused[name] : undefined
      this.add(`${prefix}${name}`, why ?? `is not known: ${meant(name, Object.keys(names))}`)
    }
    return given
  }

  /** true or false; undefined is for the default and passes. */
  flag(path: string, value: unknown): void {
    if (value !== undefined && typeof value !== 'boolean') this.add(path, `must be true or false, not ${kind(value)}`)
  }

  /** A function; undefined is for none and passes. */
  callable(path: string, value: unknown): void {
    if (value !== undefined && typeof value !== 'function') this.add(path, `must be a function, not ${kind(value)}`)
  }

  /** An object of the app's own with these methods, whatever else it has; undefined is for none and passes. */
  methods(path: string, value: unknown, names: readonly string[]): void {
    const has = (name: string): boolean => typeof (value as Record<string, unknown> | null)?.[name] === 'function'
    if (value !== undefined && !names.every(has)) this.add(path, `must have the methods ${names.join(', ')}`)
  }

  /** An object that is passed on, whatever it has; undefined is for none and passes. */
  passedOn(path: string, value: unknown, to: string): void {
    if (value === undefined || (typeof value === 'object' && value !== null)) return
    this.add(path, `must be an object, as ${to} takes it, not ${kind(value)}`)
  }

  /** An AbortSignal, of any realm or polyfill; undefined is for none and passes. */
  signal(path: string, value: unknown): void {
    if (value === undefined) return
    const signal = value as AbortSignal | null
    if (typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function') return
    this.add(path, `must be an AbortSignal, such as the signal of an AbortController, not ${kind(value)}`)
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
  throwAs(
    call: string,
    toError: (fields: ErrorFields<'INVALID_OPTIONS', { readonly problems: readonly Problem[] }>) => Error,
  ): void {
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

/** As {@link shown}, less what a text says: where none belongs it may be anything, also an address with its password. */
function kind(value: unknown): string {
  return typeof value === 'string' ? 'a text' : shown(value)
}

/** What somebody may have meant by a name that is not known: as git and npm do, the nearest one if it is near, else all. */
function meant(name: string, known: readonly string[]): string {
  const [nearest] = known
    .map((candidate) => ({ candidate, edits: editsBetween(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= 3 && edits < candidate.length / 2)
    .sort((one, other) => one.edits - other.edits)
  return nearest === undefined ? `there are ${known.join(', ')}` : `did you mean ${nearest.candidate}?`
}

/** How many letters have to be put in, taken out or exchanged to make one of the other (Levenshtein's distance). */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (let at = 0; at < other.length; at++) {
      const exchanged = (row[at] ?? 0) + (letter === other[at] ? 0 : 1)
      next.push(Math.min(exchanged, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
