/** The part of an AbortSignal that polyfills and other realms have in common. */
export interface SignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
}

/** One follower for each foreign signal, however many calls it is given to: a listener for each call would never go. */
const followers = new WeakMap<SignalLike, AbortController>()

/**
 * An AbortSignal of this Node that aborts as `signal` does, so that `AbortSignal.any`, `throwIfAborted` and Node's own calls
 * take it. A signal of this Node is returned as it is. A foreign one may have no more than `aborted` and `addEventListener`.
 *
 * @throws what the foreign signal throws when it is read
 */
export function nativeSignal(signal: SignalLike): AbortSignal {
  if (isNative(signal)) return signal
  let follower = followers.get(signal)
  if (follower === undefined) {
    follower = new AbortController()
    const { signal: own } = follower
    const abort = abortAs(signal, follower)
    signal.addEventListener('abort', abort)
    followers.set(signal, follower)
    if (own.aborted) return own
  }
  // Also of a signal that never tells its listeners.
  if (signal.aborted) abortAs(signal, follower)()
  return follower.signal
}

function abortAs(signal: SignalLike, follower: AbortController): () => void {
  // Without a reason, it is a DOMException named AbortError, as the standard says.
  return () => follower.abort(signal.reason)
}

/** `instanceof` would also hold for an object that only has the prototype. */
function isNative(signal: SignalLike): signal is AbortSignal {
  if (!(signal instanceof AbortSignal)) return false
  try {
    Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get?.call(signal)
    return true
  } catch {
    return false
  }
}
