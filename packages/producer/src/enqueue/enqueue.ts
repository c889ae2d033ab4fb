import type { Names } from '@internal/options'
import { CONNECTION_OPTIONS, type ConnectionOptions } from '../connection/connection-options.ts'
import { withLink } from '../connection/with-link.ts'
import { checkItems, type Items } from '../items/items.ts'
import type { Message } from '../items/message.ts'
import { runEnqueue } from './enqueue-run.ts'
import { checkPublishOptions, PUBLISH_OPTIONS, type PublishOptions, resolvePublish } from './publish-options.ts'
import type { Receipt } from './receipt.ts'

/** The options of {@link enqueue}: those of the connection, and those for publishing the items. */
export interface EnqueueOptions<T = unknown, U = T> extends ConnectionOptions, PublishOptions<T, U> {}

const ENQUEUE_OPTIONS: Names<EnqueueOptions> = { ...CONNECTION_OPTIONS, ...PUBLISH_OPTIONS }

/**
 * Puts items into a queue and waits until the broker has confirmed each of them.
 *
 * Opens a connection, declares the queue if it is missing (see `declareQueue`; an existing one is used as it is), publishes
 * every item persistent and mandatory, and closes. The items are read lazily, so millions take constant memory. A connection
 * that is lost is opened again, and only the unconfirmed items are published again.
 *
 * @param items any iterable or async iterable. A string is sent as text, bytes as they are, anything else as JSON;
 * `createMessage` gives an item an id, headers or a content type of its own.
 * @returns the receipt, when every item was confirmed
 * @throws {EnqueueError} when at least one was not: `counts` and `failures` show which and why. `NOT_ALL_CONFIRMED`;
 * `SOURCE_FAILED` when the iterable threw; `JOURNAL_FAILED` when the journal cannot be written; `ABORTED`.
 * @throws {ProducerError} before anything is published: `INVALID_OPTIONS`, `INVALID_ITEMS`, `JOURNAL_MISMATCH`,
 * `JOURNAL_LOCKED`, and the errors of a connection or a declaration
 */
export async function enqueue<T, U = T>(
  queue: string,
  items: Items<T | Message>,
  options: EnqueueOptions<T, U> = {},
): Promise<Receipt> {
  const given = options as unknown as EnqueueOptions<never, never>
  return await withLink(
    'enqueue',
    (problems) => checkPublishOptions(problems, queue, given, ENQUEUE_OPTIONS),
    async (link, checked, tell) => {
      checkItems(items)
      const { reconnectForMs = 30_000 } = checked
      const resolved = resolvePublish(checked)
      return await runEnqueue({ link, queue, tell, reconnectForMs }, items, resolved)
    },
  )
}
