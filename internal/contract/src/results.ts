/** The longest queue name whose batches can have results, bytes: the name of the log adds the id of the batch to it. */
export const LONGEST_QUEUE_NAME_WITH_RESULTS = 200

/** The id of a batch: letters, digits, `-` and `_`. */
const BATCH_ID = /^[\w-]{1,40}$/

/** The stream that takes the results of a batch. */
export function resultLogOf(queue: string, batch: string): string {
  return `${queue}.results.${batch}`
}

/** The id of the batch whose result log this queue has under this name; undefined when it is no such log. */
export function batchOfResultLog(queue: string, name: unknown): string | undefined {
  const prefix = resultLogOf(queue, '')
  if (typeof name !== 'string' || !name.startsWith(prefix)) return undefined
  const batch = name.slice(prefix.length)
  return isBatchId(batch) ? batch : undefined
}

export function isBatchId(id: unknown): id is string {
  return typeof id === 'string' && BATCH_ID.test(id)
}

/** The index of an item in its batch, from the AMQP `correlationId`; undefined when it is not an index. */
export function indexIn(correlationId: unknown): number | undefined {
  return typeof correlationId === 'string' && /^\d{1,15}$/.test(correlationId) ? Number(correlationId) : undefined
}

/**
 * The AMQP `type` of the records of a result log. `done` and `deadLettered` have the index of their item as `correlationId`, and as
 * body the result, or nothing where that is undefined. `closed` has as body the number of items of the batch.
 */
export const RESULT_RECORD = {
  done: 'podqueue; result=done',
  deadLettered: 'podqueue; result=dead-lettered',
  closed: 'podqueue; result=closed',
} as const
