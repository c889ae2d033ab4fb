import { checkQueueName } from '@internal/amqp'
import type { Names, Problems } from '@internal/options'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Message } from '../items/message.ts'
import type { PrepareOptions } from '../items/prepare.ts'
import type { Journal } from '../journal/journal.ts'
import { JournalFile } from '../journal/journal-file.ts'

/** How the items of one call are published. `T` is what the items are. */
export interface PublishOptions<T = unknown> {
  /**
   * Messages published and not yet confirmed, at most; with a journal also those not yet in it. What a lost connection
   * or a killed producer publishes twice is at most so many. Default: 2000.
   */
  readonly window?: number | undefined
  /** Bytes of bodies published and not yet confirmed, above which no more is published. Default: 67108864 (64 MiB). */
  readonly windowBytes?: number | undefined
  /** The largest body, bytes. A broker with a lower limit is believed. Default: 16777216, RabbitMQ's since 4.0. */
  readonly maxMessageBytes?: number | undefined
  /** Publishing stops after so many items that failed. Default: 1000. */
  readonly maxFailures?: number | undefined
  /**
   * How long the broker may go without confirming anything while something is unconfirmed, milliseconds. Then what is
   * unconfirmed ends as `unknown`. It does not run while the broker blocks. Default: 30000.
   */
  readonly confirmTimeoutMs?: number | undefined
  /** How long the broker may block publishers, as for want of memory or disk, milliseconds. Default: 300000. */
  readonly blockedTimeoutMs?: number | undefined
  /**
   * What is confirmed is kept here, a file's path or a {@link Journal}, so that a producer that was killed can be started
   * again over the same items and publishes only the rest. Remove it when the items are done with.
   */
  readonly journal?: string | Journal | undefined
  /** What an item must be, by any Standard Schema (https://standardschema.dev); what it makes of the item is sent. */
  readonly schema?: StandardSchemaV1 | undefined
  /** The body of an item, instead of text, bytes or JSON by its type. */
  readonly encode?: ((item: Exclude<T, Message>, index: number) => string | Uint8Array) | undefined
  /** The id of an item that has none of its own, at most 255 bytes. Default: random. */
  readonly messageId?: ((item: Exclude<T, Message>, index: number) => string) | undefined
  /** Ends the call with `ABORTED` and the fate of every item by then. */
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
  readonly signal: AbortSignal | undefined
}

/** Adds to `problems` what is wrong with a call of `enqueue` that takes options of these names; returns them. */
export function checkPublishOptions<Options extends PublishOptions<never>>(
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
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function') {
    problems.add('schema', 'must be a Standard Schema, as those of zod, valibot and arktype are')
  }
  return options
}

export function resolvePublish(options: PublishOptions<never>): ResolvedPublish {
  const { journal } = options
  return {
    window: options.window ?? 2_000,
    windowBytes: options.windowBytes ?? 64 * 1024 * 1024,
    maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
    maxFailures: options.maxFailures ?? 1_000,
    confirmTimeoutMs: options.confirmTimeoutMs ?? 30_000,
    blockedTimeoutMs: options.blockedTimeoutMs ?? 300_000,
    journal: typeof journal === 'string' ? new JournalFile(journal) : journal,
    schema: options.schema,
    encode: options.encode,
    messageId: options.messageId,
    signal: options.signal,
  }
}
