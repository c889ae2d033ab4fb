import { nativeSignal, type SignalLike } from '@internal/async'
import { LONGEST_TIMER_MS } from '@internal/contract'
import type { ErrorFields } from '@internal/errors'
import { isArray, isName, showKind, showPath, showWord } from './show-value.ts'
import { suggest } from './suggest.ts'

/** One thing that is wrong with an argument of a call. */
export interface Problem {
  /** Where: `parallelism`, `queue.podUrl`, `env[3].name`. */
  readonly path: string
  /** The problem, and what would be right. */
  readonly message: string
}

/**
 * The names of all options in `Options`, for {@link Problems.options}: an object that the compiler holds to the type, so that an
 * option which is added there and not here, or taken away, does not compile.
 */
export type Names<Options> = Readonly<Record<Options extends unknown ? keyof Options : never, true>>

/**
 * Collects everything that is wrong with the options of one call, so that the caller hears of all of it at once. No check
 * throws, whatever it is given: a getter or a Proxy that throws is a problem like any other.
 */
export class Problems {
  readonly #found: Problem[] = []

  get found(): readonly Problem[] {
    return this.#found
  }

  add(path: string, message: string): void {
    this.#found.push({ path: showPath(path), message })
  }

  /**
   * Checks the options of a call: an object of known names and no others; undefined passes. An unknown option would be ignored,
   * while the caller relies on it. An option that is undefined counts as not given.
   *
   * @param name used in the problem when the value is not an object
   * @param refused names that are understood, and the reason why they are not accepted
   * @returns a copy with each option read once, and with a `signal` of this Node; an empty object when the value is not an object
   */
  options<Options extends object>(
    name: string,
    given: Options | undefined,
    names: Names<Options>,
    refused: Readonly<Record<string, string>> = {},
  ): Options {
    return this.#known({ path: name, prefix: '' }, given, names, refused)
  }

  /** {@link options}, for an object within them: problems with its fields have its path before them. */
  known<Options extends object>(path: string, given: Options | undefined, names: Names<Options>): Options {
    return this.#known({ path, prefix: `${path}.` }, given, names, {})
  }

  #known<Options extends object>(
    { path, prefix }: { readonly path: string; readonly prefix: string },
    given: Options | undefined,
    names: Names<Options>,
    refused: Readonly<Record<string, string>>,
  ): Options {
    const copy: Partial<Options> = {}
    if (given === undefined) return copy as Options
    if (typeof given !== 'object' || given === null || isArray(given)) {
      this.add(path, `must be an object, not ${showKind(given)}`)
      return copy as Options
    }
    const own = this.guard(path, () => Object.keys(given)) ?? []
    for (const name of own) {
      if (Object.hasOwn(names, name)) continue
      const shown = isName(name) ? `${prefix}${name}` : path
      if (this.guard(shown, () => given[name as keyof Options]) === undefined) continue
      this.add(shown, whyUnknown(name, Object.keys(names), refused))
    }
    // Those of the prototype too: an app may give an instance of a class of its own.
    for (const name of Object.keys(names) as (keyof Options & string)[]) {
      const value = this.guard(`${prefix}${name}`, () => given[name])
      if (value !== undefined) copy[name] = name === 'signal' ? followed(value) : value
    }
    return copy as Options
  }

  /** Checks for true or false; undefined stands for the default and passes. */
  flag(path: string, value: unknown): void {
    if (value !== undefined && typeof value !== 'boolean') {
      this.add(path, `must be true or false, not ${showKind(value)}`)
    }
  }

  /** Checks for a function; undefined passes. */
  callable(path: string, value: unknown): void {
    if (value !== undefined && typeof value !== 'function') {
      this.add(path, `must be a function, not ${showKind(value)}`)
    }
  }

  /** Checks for an object with these methods, such as a logger of the app; undefined passes. */
  methods(path: string, value: unknown, names: readonly string[]): void {
    if (value === undefined) return
    const has = (name: string): boolean => typeof (value as Record<string, unknown> | null)?.[name] === 'function'
    const missing = this.guard(path, () => names.filter((name) => !has(name)))
    if (missing === undefined || missing.length === 0) return
    this.add(path, `must have the methods ${names.join(', ')}; ${missing.join(', ')} is missing`)
  }

  /**
   * Checks by a function of the caller, which may read the value in any way: one that throws when it is read does not pass.
   * Undefined passes.
   */
  shape(path: string, value: unknown, isRight: (value: never) => boolean, message: string): void {
    if (value === undefined) return
    try {
      if (isRight(value as never)) return
    } catch {
      // It cannot be used either.
    }
    this.add(path, message)
  }

  /** Checks for an object that is passed on to a library; undefined passes. */
  passedOn(path: string, value: unknown, to: string): void {
    if (value === undefined || (typeof value === 'object' && value !== null && !isArray(value))) return
    this.add(path, `must be an object, as ${to} takes it, not ${showKind(value)}`)
  }

  /**
   * Checks for an AbortSignal, also one of another realm or a polyfill, which needs `aborted` and `addEventListener` and no
   * more; undefined passes.
   *
   * @returns a signal of this Node that follows it: only this one has `throwIfAborted`, and works with `AbortSignal.any`
   */
  signal(path: string, value: unknown): AbortSignal | undefined {
    if (value === undefined) return undefined
    const signal = value as SignalLike | null
    const problems = this.#found.length
    const native = this.guard(path, () =>
      typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function'
        ? nativeSignal(signal)
        : undefined,
    )
    if (native === undefined && this.#found.length === problems) {
      this.add(path, `must be an AbortSignal, such as the signal of an AbortController, not ${showKind(value)}`)
    }
    return native
  }

  /** Checks for a string that is not empty. Returns whether it is one. */
  text(path: string, value: unknown): value is string {
    if (typeof value === 'string' && value !== '') return true
    this.add(path, `must be a non-empty string, not ${showKind(value)}`)
    return false
  }

  /** Checks for an array. Returns whether it is one. */
  list(path: string, value: unknown, example = ''): value is readonly unknown[] {
    if (isArray(value)) return true
    this.add(path, `must be an array${example === '' ? '' : `, such as ${example}`}, not ${showKind(value)}`)
    return false
  }

  /**
   * Checks for an array of strings; undefined passes.
   *
   * @returns a copy with each string read once; undefined when there is none, or when it is not right
   */
  texts(path: string, value: unknown, meaning: string): readonly string[] | undefined {
    if (value === undefined) return undefined
    const texts = isArray(value) ? this.guard(path, () => Array.from(value)) : []
    if (texts === undefined) return undefined
    if (isArray(value) && texts.every((text) => typeof text === 'string')) return texts
    this.add(path, `must be an array of strings: ${meaning}`)
    return undefined
  }

  /** Checks for a whole number from `min` to `max`; undefined stands for the default and passes. */
  wholeNumber(
    path: string,
    value: unknown,
    { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
  ): void {
    if (value === undefined) return
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
    this.add(path, `must be a whole number ${range}, not ${showKind(value)}`)
  }

  /** Checks for a duration in milliseconds, at most 2^31 - 1; undefined stands for the default and passes. */
  durationMs(path: string, value: unknown, { min = 0 }: { min?: number } = {}): void {
    this.wholeNumber(path, value, { min, max: LONGEST_TIMER_MS })
  }

  /** Checks for one of a few words; undefined stands for the default and passes. */
  oneOf(path: string, value: unknown, words: readonly string[]): void {
    if (value === undefined || words.includes(value as string)) return
    this.add(path, `must be ${words.map((word) => `'${word}'`).join(' or ')}, not ${showWord(value)}`)
  }

  /** Throws what `toError` makes of all problems, if there are any. */
  throwAs(
    call: string,
    toError: (fields: ErrorFields<'INVALID_OPTIONS', { readonly problems: readonly Problem[] }>) => Error,
  ): void {
    if (this.#found.length === 0) return
    const lines = this.#found.map(({ path, message }) => `${path}: ${message}`)
    throw toError({
      code: 'INVALID_OPTIONS',
      message: lines.length === 1 ? `${call}: ${lines[0]}` : `${call}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
      hint: 'Correct the options that are named. Nothing was sent.',
      details: { problems: this.found },
    })
  }

  /**
   * Runs a check that may read the values of the app in any way. If that throws, as a revoked Proxy does, it is a problem at
   * `path`, and the result is undefined.
   */
  guard<T>(path: string, read: () => T): T | undefined {
    try {
      return read()
    } catch {
      // The words of such an error may be anything, also a secret.
      this.add(path, 'cannot be read: its getter or Proxy throws')
      return undefined
    }
  }
}

/** A signal that all of Node's own calls take, for one of a polyfill. A value that is no signal stays, to be refused. */
function followed<Value>(value: Value): Value {
  try {
    const { aborted, addEventListener } = value as SignalLike
    if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function') return value
    return nativeSignal(value as SignalLike) as Value
  } catch {
    return value
  }
}

function whyUnknown(name: string, known: readonly string[], refused: Readonly<Record<string, string>>): string {
  if (Object.hasOwn(refused, name)) return refused[name] ?? ''
  if (!isName(name))
    return `has an unknown option, whose name is not shown, since it may be a secret: there are ${known.join(', ')}`
  return `is not known: ${suggest(name, known)}`
}
