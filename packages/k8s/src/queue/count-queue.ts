import { pause } from '@internal/async'
import { describeThrown } from '@internal/errors'
import { K8sError } from '../errors.ts'
import { countOf, type QueueReading, type RunQueue, readingBy, readQueue } from './queue-reading.ts'

const LOOK_EVERY_MS = 1000
/** How long a reading that is under way at the deadline may still take. */
const LAST_LOOK_MS = 5000

/** The end of a count: a reading that decides it, or the last reading or error that does not. */
export interface Counted {
  readonly verdict: 'empty' | 'left' | 'unknown'
  readonly reading?: QueueReading
  readonly cause?: unknown
}

/** How long a count may take, and the signal that ends it before. */
export interface CountBounds {
  readonly countTimeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Looks at a queue until a reading is final or the time is over. An inspection that fails is repeated too, unless its error is
 * final: a broker that is away for a moment must not decide the result of a run of hours.
 */
export async function countQueue(
  queue: RunQueue,
  { countTimeoutMs, signal, isFinal = () => false }: CountBounds & { readonly isFinal?: (cause: unknown) => boolean },
): Promise<Counted> {
  const deadline = performance.now() + countTimeoutMs
  while (true) {
    let looked: { reading: QueueReading } | { cause: unknown }
    try {
      looked = { reading: await readQueue(queue, deadline - performance.now() + LAST_LOOK_MS, signal) }
    } catch (cause) {
      signal?.throwIfAborted()
      if (isFinal(cause)) return { verdict: 'unknown', cause }
      looked = { cause }
    }
    const verdict = 'reading' in looked ? countOf(looked.reading) : 'again'
    if (verdict !== 'again') return { verdict, ...looked }
    const left = deadline - performance.now()
    if (left <= 0) return { verdict: 'unknown', ...looked }
    await pause(Math.min(LOOK_EVERY_MS, left), signal)
  }
}

/** A reading to begin with. Consumers may be there already; only numbers that cannot be believed are read again. */
export async function readAtStart(
  queue: RunQueue,
  { name, ...bounds }: CountBounds & { readonly name: string },
): Promise<QueueReading> {
  const { verdict, reading, cause } = await countQueue(ignoringConsumers(queue), {
    ...bounds,
    isFinal: isLasting,
  })
  if (reading !== undefined && verdict !== 'unknown') return reading
  throw new K8sError({
    code: 'QUEUE_UNVERIFIED',
    message: `The queue ${name} cannot be read before the run: ${describeUnknown({ reading, cause })}`,
    hint: 'No Job was made. See that the broker is up and that its user may read the queue.',
    retryable: !isLasting(cause),
    cause,
  })
}

/** Errors of podqueue say whether time may heal them: a wrong password or name is no reason to wait. */
export function isLasting(cause: unknown): boolean {
  return cause instanceof Error && 'retryable' in cause && cause.retryable === false
}

/** The same readings without the consumers, for a count that items in consumers' hands do not change. */
export function ignoringConsumers(queue: RunQueue): RunQueue {
  return readingBy(queue, async (options) => {
    const reading = await queue.inspect(options)
    return reading?.verified === true ? { ...reading, consumers: 0 } : reading
  })
}

/** The reason why a count came to no result, as the end of a sentence. */
export function describeUnknown({ reading, cause }: { reading?: QueueReading | undefined; cause?: unknown }): string {
  if (reading === undefined) {
    const said = describeThrown(cause)
    return `reading it fails: ${said}${/[.!?]$/.test(said) ? '' : '.'}`
  }
  if (!reading.verified)
    return `it reads ${reading.ready} ready and ${reading.consumers} consumers, which cannot be believed.`
  return `${reading.consumers} consumers are still attached, which may hold items (${reading.ready} ready).`
}
