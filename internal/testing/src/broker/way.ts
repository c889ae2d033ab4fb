import type { Broker } from './broker.ts'

/** The means that a way to a broker may use while it tries. */
export interface WayContext {
  /** Takes one line for a person. */
  readonly announce: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** One way to a broker. `open` throws {@link WayFailed} when it does not lead to one here. */
export interface Way {
  readonly name: string
  readonly open: (context: WayContext) => Promise<Broker>
}

/** Thrown when a way does not lead to a broker on this machine. Its message is one line that says why. */
export class WayFailed extends Error {
  override readonly name: string = 'WayFailed'

  constructor(reason: string, options?: ErrorOptions) {
    super(oneLine(reason), options)
  }
}

/** Thrown when no way led to a broker. `reasons` says why, way by way. */
export class NoBrokerError extends Error {
  override readonly name: string = 'NoBrokerError'
  readonly code: string = 'NO_BROKER'
  readonly hint: string
  readonly reasons: readonly string[]

  constructor(reasons: readonly string[], hint: string) {
    super('No RabbitMQ was found, and none could be started.')
    this.reasons = reasons
    this.hint = hint
  }
}

/**
 * Tries the ways in their order, and announces in one line why each that failed did.
 *
 * @throws NoBrokerError when all failed, with `hint`; the signal's reason when it aborts.
 */
export async function openFirst(ways: readonly Way[], context: WayContext, hint: string): Promise<Broker> {
  const reasons: string[] = []
  for (const way of ways) {
    context.signal?.throwIfAborted()
    try {
      return await way.open(context)
    } catch (error) {
      context.signal?.throwIfAborted()
      const reason = `${way.name}: ${oneLine(error instanceof Error ? error.message : String(error))}`
      reasons.push(reason)
      context.announce(reason)
    }
  }
  throw new NoBrokerError(reasons, hint)
}

/** The first line of a text that has anything on it, at most 300 characters. */
function oneLine(text: string): string {
  const line = text
    .split('\n')
    .map((part) => part.trim())
    .find((part) => part !== '')
  return (line ?? 'no reason given').slice(0, 300)
}
