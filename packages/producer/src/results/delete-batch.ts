import type { Names, Problems } from '@internal/options'
import { CONNECTION_OPTIONS, type ConnectionOptions } from '../connection/connection-options.ts'
import type { Link } from '../connection/link.ts'
import { onChannel } from '../connection/on-channel.ts'
import { type SignalOption, withLink } from '../connection/with-link.ts'
import { type Batch, checkBatch, logOf } from './batch.ts'

export interface DeleteBatchOptions extends ConnectionOptions, SignalOption {}

const DELETE_BATCH_OPTIONS: Names<DeleteBatchOptions> = { ...CONNECTION_OPTIONS, signal: true }

/**
 * Deletes the results of a batch. Its items stay in their queue: a worker that does one of them finds that nobody wants the
 * result, and acks it. Results that are deleted already are no error.
 *
 * @param batch the receipt of `enqueue`, or its `queue` and `id`
 * @throws {ProducerError} `NOT_PERMITTED` without configure on the log; `INVALID_OPTIONS`; what a connection can throw
 */
export async function deleteBatch(batch: Batch, options: DeleteBatchOptions = {}): Promise<void> {
  await withLink(
    'deleteBatch',
    (problems) => checkDeleteBatch(problems, batch, options, DELETE_BATCH_OPTIONS),
    async (link, { signal }) => await deleteLog(link, batch, signal),
  )
}

/** Checks a call of `deleteBatch` that takes options of these names. Returns the options. */
export function checkDeleteBatch<Options extends object>(
  problems: Problems,
  batch: Partial<Batch> | undefined,
  given: Options,
  names: Names<Options>,
): Options {
  const options = problems.options('options', given, names)
  checkBatch(problems, batch)
  return options
}

/** Deletes the log of a batch. */
export async function deleteLog(link: Link, batch: Batch, signal: AbortSignal | undefined): Promise<void> {
  const log = logOf(batch)
  const about = { address: link.shown, queue: log, needs: 'configure' }
  await onChannel(await link.open(signal), about, (channel) => channel.deleteQueue(log))
}
