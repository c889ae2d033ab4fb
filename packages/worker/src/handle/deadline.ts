/** The value of a promise; `late` when it takes longer than `timeoutMs`. A later rejection is nobody's business. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | typeof late> {
  const { promise: timeout, resolve } = Promise.withResolvers<typeof late>()
  const timer = setTimeout(() => resolve(late), timeoutMs)
  promise.catch(() => {})
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}

export const late: unique symbol = Symbol('late')
