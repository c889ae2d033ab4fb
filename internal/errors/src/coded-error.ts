import { redact } from './redact.ts'

/** Facts about an error, for programs. Each package says which facts each of its codes has. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/** The fields of every error of podqueue. */
export interface ErrorFields<Code extends string = string, Details extends ErrorDetails = ErrorDetails> {
  /** Stable SCREAMING_SNAKE name of what went wrong: the key of an entry in docs/errors.md. */
  readonly code: Code
  /** One or more lines that say what happened, and to what. Never a password, a token or an item's body. */
  readonly message: string
  /** The next step for the reader of the message. */
  readonly hint?: string | undefined
  /** Whether the same call may succeed later without a change by anyone. Default: false. */
  readonly retryable?: boolean | undefined
  /** Facts for programs: names, counts, limits. Default: empty. */
  readonly details?: Details | undefined
  /** The error or value that was caught. */
  readonly cause?: unknown
}

/**
 * The shape of every error that the packages throw. Each package has one public base class of its own that extends it.
 *
 * `instanceof` goes by a registered symbol, so that it also holds between two installed copies of a package, where
 * the classes themselves differ.
 */
export abstract class CodedError<
  Code extends string = string,
  Details extends ErrorDetails = ErrorDetails,
> extends Error {
  /** The symbol that `instanceof` looks for. Each subclass declares its own, by `Symbol.for`. */
  static readonly brand: symbol = Symbol.for('podqueue.CodedError')

  /** A stable SCREAMING_SNAKE name for what went wrong, to switch on. docs/errors.md has an entry for each. */
  readonly code: Code
  /** The next step for the reader of the message; empty when there is none. */
  readonly hint: string
  /** Whether the same call may succeed later although nobody changes anything. */
  readonly retryable: boolean
  /** Names, counts and limits of this error, for programs. Never a password, a token or an item's body. */
  readonly details: Details

  constructor(fields: ErrorFields<Code, Details>) {
    super(printable(fields.message), fields.cause === undefined ? undefined : { cause: fields.cause })
    this.code = fields.code
    this.hint = printable(fields.hint ?? '')
    this.retryable = fields.retryable ?? false
    this.details = withoutSecrets(fields.details ?? {}) as Details
    for (let type = new.target as unknown; isBranded(type); type = Object.getPrototypeOf(type)) {
      Object.defineProperty(this, type.brand, { value: true })
    }
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass that an app derives without a brand of its own is told apart the ordinary way.
    if (!Object.hasOwn(this, 'brand')) return Function.prototype[Symbol.hasInstance].call(this, value)
    try {
      return typeof value === 'object' && value !== null && Object.hasOwn(value, this.brand)
    } catch {
      // A proxy may throw at any look.
      return false
    }
  }
}

function isBranded(type: unknown): type is { readonly brand: symbol } {
  return typeof type === 'function' && 'brand' in type && typeof type.brand === 'symbol'
}

/**
 * Details with the secrets in their texts replaced: the id of an item, or a name, may be an address with its password. Objects
 * that are not plain, such as an Error, stay as they are.
 */
function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redact(value)
  if (typeof value !== 'object' || value === null || depth === DEEPEST) return value
  if (Array.isArray(value)) return value.map((entry) => withoutSecrets(entry, depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, withoutSecrets(entry, depth + 1)]))
}

const DEEPEST = 5

/** A terminal obeys control characters, which a queue's name may have. Line breaks and tabs stay. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it replaces them
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/g, '\ufffd')
}
