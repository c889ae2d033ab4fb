const BRAND: unique symbol = Symbol.for('@podqueue/worker.DeadLetterError') as never

/**
 * Thrown by a handler when no further attempt can do its item. The item goes to the dead-letter queue, `<queue>.dead`, at
 * once, with the reason in its header `x-podqueue-reason`.
 *
 * @example
 * ```ts
 * if (!isVideo(item.body)) throw new DeadLetterError('It is not a video.')
 * ```
 */
export class DeadLetterError extends Error {
  override readonly name: string = 'DeadLetterError'

  /** @param reason why, for the reader of the dead letters. At most 1000 bytes of UTF-8 are kept. */
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** Also holds between two installed copies of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== DeadLetterError) return Function.prototype[Symbol.hasInstance].call(this, value)
    try {
      return typeof value === 'object' && value !== null && Object.hasOwn(value, BRAND)
    } catch {
      // A proxy may throw at any look.
      return false
    }
  }
}
