import { isBatchId, queueNameProblem, resultLogOf } from '@internal/contract'
import type { Problems } from '@internal/options'

/** A batch of items with results: the receipt of `enqueue`, or its queue and id, as a service keeps them over a restart. */
export interface Batch {
  readonly queue: string
  readonly id: string
}

/** Checks the first argument of a call about a batch. */
export function checkBatch(problems: Problems, batch: Partial<Batch> | null | undefined): void {
  problems.guard('batch', () => checkFields(problems, batch ?? {}))
}

function checkFields(problems: Problems, { queue, id }: Partial<Batch>): void {
  const queueProblem = queueNameProblem(queue)
  if (queueProblem !== undefined) problems.add('batch.queue', queueProblem)
  if (!isBatchId(id)) problems.add('batch.id', 'must be the id of a batch: the id of a receipt of enqueue')
}

/** The stream that holds the results of a batch. */
export function logOf({ queue, id }: Batch): string {
  return resultLogOf(queue, id)
}
