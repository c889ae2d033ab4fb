import { checkQueueName } from '@internal/amqp'
import { LONGEST_QUEUE_NAME_WITH_RESULTS } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { checkSchema } from '../items/check-schema.ts'
import type { PrepareOptions } from '../items/prepare.ts'
import type { Journal } from '../journal/journal.ts'
import { JournalFile } from '../journal/journal-file.ts'

/**
 * Options for publishing the items of one call.
 *
 * @typeParam T the type of the items
 * @typeParam U the output of `schema`; without one, the same as `T`
 */
export interface PublishOptions<T = unknown, U = T> {
  /**
   * The highest number of messages that are published and not yet confirmed; with a journal, not yet written to it. Limits
   * duplicates: after a lost connection or a crash, at most this many messages are published twice. Default: 2000.
   */
  readonly window?: number | undefined
  /** The size in bytes of all bodies published and not yet confirmed, above which no more are. Default: 67108864 (64 MiB). */
  readonly windowBytes?: number | undefined
  /** The largest body, bytes. The lower limit of a broker counts too. Default: 16777216, RabbitMQ's own since 4.0. */
  readonly maxMessageBytes?: number | undefined
  /** Publishing stops after this number of failed items. Default: 1000. */
  readonly maxFailures?: number | undefined
  /**
   * How long the broker may confirm nothing while messages are unconfirmed, milliseconds. Then these end as `unknown`. The
   * time does not run while the broker blocks. Default: 30000.
   */
  readonly confirmTimeoutMs?: number | undefined
  /** How long the broker may block publishers, for example without free memory or disk, milliseconds. Default: 300000. */
  readonly blockedTimeoutMs?: number | undefined
  /**
   * Keeps which items are confirmed: the path of a file, or a {@link Journal}. A producer that was killed can be started again
   * over the same items and publishes only the rest. Remove the file when it is not needed any more.
   */
  readonly journal?: string | Journal | undefined
  /** Checks each item, by any Standard Schema (https://standardschema.dev). Its output is sent. */
  readonly schema?: StandardSchemaV1<T, U> | undefined
  /** Makes the body of an item, or of the output of `schema`. Default: text, bytes or JSON, by its type. */
  readonly encode?: ((item: U, index: number) => string | Uint8Array) | undefined
  /** Makes the id of an item that has none of its own, at most 255 bytes. Default: a random id. */
  readonly messageId?: ((item: T, index: number) => string) | undefined
  /**
   * Whether the return values of the handlers, or the standard outputs of the programs, are kept for `collectResults`, in a stream
   * `<queue>.results.<id>`. `maxAgeMs`: results may be deleted when they are older, milliseconds. Default: false.
   */
  readonly results?: boolean | { readonly maxAgeMs?: number | undefined } | undefined
  /** Ends the call with `ABORTED`; the error has the fate of every item by then. */
  readonly signal?: AbortSignal | undefined
}

/** The names of these options. */
export const PUBLISH_OPTIONS: Names<PublishOptions> = {
  window: true,
  windowBytes: true,
  maxMessageBytes: true,
  maxFailures: true,
  confirmTimeoutMs: true,
  blockedTimeoutMs: true,
  journal: true,
  schema: true,
  encode: true,
  messageId: true,
  results: true,
  signal: true,
}

/** The options of a call with every default filled in. */
export interface ResolvedPublish extends PrepareOptions {
  readonly window: number
  readonly windowBytes: number
  readonly maxFailures: number
  readonly confirmTimeoutMs: number
  readonly blockedTimeoutMs: number
  readonly journal: Journal | undefined
  /** Undefined: no results are kept. */
  readonly results: { readonly maxAgeMs?: number | undefined } | undefined
  readonly signal: AbortSignal | undefined
}

/** Checks a call of `enqueue` that takes options of these names, and returns them. */
export function checkPublishOptions<Options extends PublishOptions<never, never>>(
  problems: Problems,
  queue: unknown,
  given: Options,
  names: Names<Options>,
): Options {
  const options = problems.options('options', given, names)
  checkQueueName(problems, queue)
  problems.wholeNumber('window', options.window, { min: 1 })
  problems.wholeNumber('windowBytes', options.windowBytes, { min: 1 })
  problems.wholeNumber('maxMessageBytes', options.maxMessageBytes, { min: 1 })
  problems.wholeNumber('maxFailures', options.maxFailures, { min: 1 })
  problems.durationMs('confirmTimeoutMs', options.confirmTimeoutMs, { min: 1 })
  problems.durationMs('blockedTimeoutMs', options.blockedTimeoutMs, { min: 1 })
  problems.callable('encode', options.encode)
  problems.callable('messageId', options.messageId)
  const { journal, schema } = options
  if (typeof journal === 'string') problems.text('journal', journal)
  else problems.methods('journal', journal, ['open', 'append', 'close'])
  checkSchema(problems, schema)
  checkResults(problems, queue, options.results)
  return options
}

function checkResults(problems: Problems, queue: unknown, results: PublishOptions['results']): void {
  if (results === undefined || typeof results === 'boolean') {
    if (results !== true || typeof queue !== 'string') return
  } else {
    const { maxAgeMs } = problems.known('results', results, RESULTS_OPTIONS)
    problems.wholeNumber('results.maxAgeMs', maxAgeMs, { min: 1_000 })
  }
  if (typeof queue === 'string' && Buffer.byteLength(queue) > LONGEST_QUEUE_NAME_WITH_RESULTS) {
    problems.add('queue', `must be at most ${LONGEST_QUEUE_NAME_WITH_RESULTS} bytes for a batch with results`)
  }
}

const RESULTS_OPTIONS: Names<{ readonly maxAgeMs?: number | undefined }> = { maxAgeMs: true }

export function resolvePublish(options: PublishOptions<never, never>): ResolvedPublish {
  const { journal } = options
  return {
    window: options.window ?? 2_000,
    windowBytes: options.windowBytes ?? 64 * 1024 * 1024,
    maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
    maxFailures: options.maxFailures ?? 1_000,
    confirmTimeoutMs: options.confirmTimeoutMs ?? 30_000,
    blockedTimeoutMs: options.blockedTimeoutMs ?? 300_000,
    journal: typeof journal === 'string' ? new JournalFile(journal) : journal,
    schema: options.schema as StandardSchemaV1 | undefined,
    encode: options.encode,
    messageId: options.messageId,
    results: options.results === true ? {} : options.results || undefined,
    signal: options.signal,
  }
}
