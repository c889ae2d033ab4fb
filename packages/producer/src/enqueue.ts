import { ConnectFailed, operationFault, queueNameProblem } from '@internal/amqp'
import { Problems } from '@internal/errors'
import { aborted, type ConnectionOptions, openConnection } from './connection.ts'
import { declareOn, queueExists } from './declare-queue.ts'
import { ProducerError, toProducerError } from './errors.ts'
import { Ledger } from './ledger.ts'
import { type Ending, type Items, publishAll } from './publish.ts'
import { EnqueueError, type Receipt } from './receipt.ts'

export interface EnqueueOptions extends ConnectionOptions {
  /** Messages published and not yet confirmed, at most. Default: 2000. */
  readonly window?: number
  /** The largest body, bytes; RabbitMQ's own limit is 16 MiB since 4.0. Default: 16777216. */
  readonly maxMessageBytes?: number
  /** Publishing stops after so many items that failed. Default: 1000. */
  readonly maxFailures?: number
  /**
   * How long the broker may go without confirming anything while something is unconfirmed, milliseconds. Then what is
   * unconfirmed ends as `unknown`. Default: 30000.
   */
  readonly confirmTimeoutMs?: number
}

/**
 * Puts items into a queue and waits until the broker has confirmed each of them.
 *
 * Opens a connection, declares the queue if it is missing (see `declareQueue`; an existing one is used as it is),
 * publishes every item persistent and mandatory, and closes. The items are read lazily, so millions take constant memory.
 *
 * @param items any iterable or async iterable. A string is sent as text, bytes as they are, anything else as JSON;
 * `createMessage` gives an item an id, headers or a content type of its own.
 * @returns the receipt, when every item was confirmed
 * @throws {EnqueueError} when at least one was not: `counts` and `failures` say which and why. `NOT_ALL_CONFIRMED`;
 * `SOURCE_FAILED` when the iterable threw; `ABORTED`.
 * @throws {ProducerError} before anything is published: `INVALID_OPTIONS`, `INVALID_ITEMS`, and what a connection can throw
 */
export async function enqueue(queue: string, items: Items, options: EnqueueOptions = {}): Promise<Receipt> {
  const startedAt = performance.now()
  checkOptions(queue, options)
  checkItems(items)
  const early = aborted(options.signal)
  if (early !== undefined) throw early

  await using connection = await openConnection(options)
  const { model, address } = connection
  if (!(await queueExists(model, address.shown, queue))) await declareOn(model, address.shown, queue, {})
  const ledger = new Ledger()
  let ending: Ending
  try {
    const channel = await model.createConfirmChannel()
    ending = await publishAll(channel, items, ledger, {
      queue,
      address: address.shown,
      window: options.window ?? 2_000,
      maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
      maxFailures: options.maxFailures ?? 1_000,
      confirmTimeoutMs: options.confirmTimeoutMs ?? 30_000,
      signal: options.signal,
    })
  } catch (error) {
    if (error instanceof ConnectFailed) throw new ProducerError(error.fault)
    throw new ProducerError(operationFault(error, { queue, address: address.shown }))
  }
  const { counts } = ledger
  if (ending.type === 'done' && ledger.failed === 0) {
    const durationMs = Math.round(performance.now() - startedAt)
    return { queue, total: counts.total, confirmed: counts.confirmed, bytes: ledger.bytes, durationMs }
  }
  throw toEnqueueError(queue, address.shown, ledger, ending, options)
}

function checkOptions(queue: string, options: EnqueueOptions): void {
  const problems = new Problems()
  const name = queueNameProblem(queue)
  if (name !== undefined) problems.add('queue', name)
  problems.wholeNumber('window', options.window, { min: 1 })
  problems.wholeNumber('maxMessageBytes', options.maxMessageBytes, { min: 1 })
  problems.wholeNumber('maxFailures', options.maxFailures, { min: 1 })
  problems.durationMs('confirmTimeoutMs', options.confirmTimeoutMs, { min: 1 })
  problems.durationMs('connectTimeoutMs', options.connectTimeoutMs, { min: 1 })
  problems.durationMs('reconnectForMs', options.reconnectForMs)
  problems.throwAs('enqueue', toProducerError)
}

function checkItems(items: unknown): void {
  const what =
    typeof items === 'string'
      ? 'a string, which would be one item a character'
      : ArrayBuffer.isView(items) || items instanceof ArrayBuffer
        ? 'a byte array, which would be one item a byte'
        : typeof items !== 'object' || items === null || !(Symbol.iterator in items || Symbol.asyncIterator in items)
          ? 'nothing that can be iterated over'
          : undefined
  if (what === undefined) return
  throw new ProducerError({
    code: 'INVALID_ITEMS',
    message: `enqueue: items is ${what}`,
    hint: 'Give a list, a Set, a generator or another (async) iterable; for a single item, [item].',
  })
}

function toEnqueueError(
  queue: string,
  address: string,
  ledger: Ledger,
  ending: Ending,
  { signal, confirmTimeoutMs = 30_000 }: EnqueueOptions,
): EnqueueError {
  const common = { queue, counts: ledger.counts, failures: ledger.failures }
  switch (ending.type) {
    case 'aborted':
      return new EnqueueError({ ...common, code: 'ABORTED', cause: signal?.reason, what: ' when the signal ended it' })
    case 'source-failed':
      return new EnqueueError({
        ...common,
        code: 'SOURCE_FAILED',
        cause: ending.cause,
        what: ', then the source of items threw',
        hint: 'What was published is settled and counted; see cause for what the source threw.',
      })
    case 'silent':
      return new EnqueueError({
        ...common,
        code: 'NOT_ALL_CONFIRMED',
        retryable: true,
        hint: `The broker confirmed nothing for ${confirmTimeoutMs} ms: is it short of memory or disk? See rabbitmqctl status.`,
      })
    case 'lost': {
      const fault = operationFault(ending.cause, { queue, address })
      return new EnqueueError({
        ...common,
        code: 'NOT_ALL_CONFIRMED',
        retryable: fault.retryable ?? false,
        hint: fault.hint,
        cause: new ProducerError(fault),
      })
    }
    case 'too-many-failures':
    case 'done':
      return new EnqueueError({ ...common, code: 'NOT_ALL_CONFIRMED' })
  }
}
