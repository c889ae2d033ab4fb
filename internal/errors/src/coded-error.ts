/** What every error of podqueue carries. */
export interface ErrorFields<Code extends string = string> {
  /** Stable SCREAMING_SNAKE name of what went wrong: the key of an entry in docs/errors.md. */
  readonly code: Code
  /** What happened, to what. One or more lines, never a password, a token or an item's body. */
  readonly message: string
  /** What to do about it. */
  readonly hint?: string | undefined
  /** Whether the same call may succeed later without a change by anyone. Default: false. */
  readonly retryable?: boolean | undefined
  /** Facts for programs: names, counts, limits. Default: empty. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
  /** What was caught. */
  readonly cause?: unknown
}

/**
 * The shape of every error that the packages throw. Each package has one public base class of its own that extends it.
 *
 * `instanceof` goes by a registered symbol, so that it also holds between two installed copies of a package, where
 * the classes themselves differ.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  /** What `instanceof` looks for. Each subclass declares its own, by `Symbol.for`. */
  static readonly brand: symbol = Symbol.for('podqueue.CodedError')

  readonly code: Code
  readonly hint: string
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>

  constructor(fields: ErrorFields<Code>) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.code = fields.code
    this.hint = fields.hint ?? ''
    this.retryable = fields.retryable ?? false
    this.details = fields.details ?? {}
    for (let type = new.target as unknown; isBranded(type); type = Object.getPrototypeOf(type)) {
      Object.defineProperty(this, type.brand, { value: true })
    }
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass that an app derives without a brand of its own is told apart the ordinary way.
    if (!Object.hasOwn(this, 'brand')) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && Object.hasOwn(value, this.brand)
  }
}

function isBranded(type: unknown): type is { readonly brand: symbol } {
  return typeof type === 'function' && 'brand' in type && typeof type.brand === 'symbol'
}
