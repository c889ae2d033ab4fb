import { type Names, Problems } from '@internal/options'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { CONNECTION_OPTIONS, type ConnectionOptions, checkConnectionOptions } from '../connection/connection-options.ts'
import type { Link } from '../connection/link.ts'
import { makeLink, type SignalOption } from '../connection/with-link.ts'
import { toProducerError } from '../errors.ts'
import { tellListeners } from '../events.ts'
import { checkSchema } from '../items/check-schema.ts'
import { type Batch, checkBatch } from './batch.ts'
import { CollectTracing } from './collect-tracing.ts'
import { Collection } from './collection.ts'
import { deleteLog } from './delete-batch.ts'
import { type ItemResult, toResult } from './item-result.ts'
import { WorkBeside } from './work-beside.ts'

/** How results are collected. */
export interface CollectOptions<T = unknown> extends SignalOption {
  /** Checks each result, by any Standard Schema (https://standardschema.dev). Its output is the `value`. */
  readonly schema?: StandardSchemaV1<unknown, T> | undefined
  /**
   * The `offset` of the last item that an earlier collector has dealt with: it goes on behind that. Earlier records are read too, and not
   * yielded: an item that has another record behind the offset must not come twice. Default: from the beginning.
   */
  readonly after?: number | undefined
  /**
   * The run that does the items, such as the promise of `runJob(…)`. When it rejects, collecting ends with its error; when it
   * resolves, nobody does the items that are missing then. Without it, a run that fails leaves the collector waiting.
   */
  readonly run?: PromiseLike<unknown> | undefined
  /** Whether the results stay when all are collected, to be collected again. Default: false, they are deleted. */
  readonly keep?: boolean | undefined
}

export interface CollectResultsOptions<T = unknown> extends CollectOptions<T>, ConnectionOptions {}

/** The names of these options. */
export const COLLECT_OPTIONS: Names<CollectOptions> = { schema: true, after: true, run: true, keep: true, signal: true }

const COLLECT_RESULTS_OPTIONS: Names<CollectResultsOptions> = { ...COLLECT_OPTIONS, ...CONNECTION_OPTIONS }

/**
 * Yields the end of every item of a batch once, as they come, and ends when all have ended. The batch was enqueued with
 * `results: true`. It may begin before or after the items are done, be ended at any time and be called again, also by
 * another process. It keeps one bit for each item.
 *
 * Then the results are deleted, unless `keep` is true. Several may collect one batch at the same time: each with `keep`, since the
 * first that is through would delete the results of the others.
 *
 * @param batch the receipt of `enqueue`, or its `queue` and `id`
 * @throws {ProducerError} `BATCH_NOT_FOUND` when there are no results, or somebody deletes them; `RESULTS_MISSING` when nobody
 * works on the queue any more and items have neither a result nor a dead letter; what `run` rejects with; `INVALID_OPTIONS`; `ABORTED`; what a connection
 * can throw
 */
export async function* collectResults<T = unknown>(
  batch: Batch,
  options: CollectResultsOptions<T> = {},
): AsyncGenerator<ItemResult<T>, void, undefined> {
  const problems = new Problems()
  const given = checkCollect(problems, batch, options as CollectResultsOptions, COLLECT_RESULTS_OPTIONS)
  checkConnectionOptions(problems, given)
  problems.throwAs('collectResults', toProducerError)
  const link = makeLink(given, tellListeners(given.on ?? {}))
  try {
    yield* collectOver(link, batch, given as CollectOptions<T>, given.reconnectForMs ?? 30_000)
  } finally {
    await link.close()
  }
}

/** Checks a call of `collectResults` that takes options of these names. Returns the options. */
export function checkCollect<Options extends CollectOptions>(
  problems: Problems,
  batch: Partial<Batch> | undefined,
  given: Options,
  names: Names<Options>,
): Options {
  const options = problems.options('options', given, names)
  checkBatch(problems, batch)
  checkSchema(problems, options.schema)
  problems.wholeNumber('after', options.after)
  const isPromise = ({ then }: PromiseLike<unknown>): boolean => typeof then === 'function'
  problems.shape('run', options.run, isPromise, 'must be the promise of a run, such as runJob(…)')
  problems.flag('keep', options.keep)
  const signal = problems.signal('signal', options.signal)
  return { ...options, signal }
}

/** Collects over a link, opening its connection again where it is lost. */
export async function* collectOver<T>(
  link: Link,
  batch: Batch,
  options: CollectOptions<T>,
  reconnectForMs: number,
): AsyncGenerator<ItemResult<T>, void, undefined> {
  using trace = new CollectTracing(batch, link.shown)
  try {
    yield* collectWith(link, batch, options, reconnectForMs, trace)
  } catch (error) {
    trace.failed(error)
    throw error
  }
}

async function* collectWith<T>(
  link: Link,
  batch: Batch,
  { schema, after = -1, run, keep = false, signal }: CollectOptions<T>,
  reconnectForMs: number,
  trace: CollectTracing,
): AsyncGenerator<ItemResult<T>, void, undefined> {
  const work = new WorkBeside(run, signal)
  const collection = new Collection(link, batch, reconnectForMs, work)
  try {
    for (let next = await collection.next(); next !== undefined; next = await collection.next()) {
      if (next.record.offset <= after) continue
      const result = await toResult(next.record, next.index, schema)
      trace.collected(result, next.record)
      yield result
    }
    await work.end()
    if (!keep) await deleteLog(link, batch, signal)
  } catch (error) {
    work.throwIfFailed()
    throw error
  } finally {
    await collection.close()
  }
}
