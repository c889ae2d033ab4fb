import type { AmqpConnection } from '@internal/amqp'
import { deadLetterQueueOf, encodeFailure, HEADER, RESULT_RECORD } from '@internal/contract'
import { toDeadLetter } from '../dead-letters/dead-letter.ts'
import { MOST_LOOKED_AT } from '../dead-letters/list-dead-letters.ts'
import { givingWay, lookThrough } from '../dead-letters/look.ts'
import { checkReturnable } from '../dead-letters/returnable.ts'
import { ProducerError } from '../errors.ts'
import { queueExists } from '../queue/declare-queue.ts'
import { countQueue } from '../queue/inspect-queue.ts'
import type { NewRecord } from '../result-log/result-log.ts'
import type { SeenIndexes } from '../result-log/seen-indexes.ts'
import type { Batch } from './batch.ts'

/** Whether nobody works on the queue any more: proven empty, without a consumer, or deleted. */
export async function isQueueDone(connection: AmqpConnection, address: string, queue: string): Promise<boolean> {
  try {
    const { ready, consumers, verified } = await countQueue(connection, { address, queue, timeoutMs: 5_000 })
    return ready === 0 && consumers === 0 && verified
  } catch (error) {
    if (error instanceof ProducerError && error.code === 'QUEUE_NOT_FOUND') return true
    throw error
  }
}

/**
 * The records for items of a batch that lie among the dead letters and left no record: the broker itself dead-letters an item
 * whose worker was killed in the last delivery.
 */
export async function unrecordedDeadLetters(
  connection: AmqpConnection,
  address: string,
  batch: Batch,
  seen: SeenIndexes,
  signal: AbortSignal | undefined,
): Promise<NewRecord[]> {
  const about = { address, queue: deadLetterQueueOf(batch.queue) }
  if (!(await queueExists(connection, address, about.queue))) return []
  await checkReturnable(connection, about)
  const look = { ...about, atMost: MOST_LOOKED_AT, prefetch: MOST_LOOKED_AT, timeoutMs: 5_000, signal }
  return await givingWay(look, async () => {
    const records: NewRecord[] = []
    await lookThrough(connection, look, (message) => {
      const { batch: id, index, reason, lastFailure } = toDeadLetter(batch.queue, message)
      if (id !== batch.id || index === undefined || seen.has(index)) return
      const failure = lastFailure === undefined ? {} : { [HEADER.failure]: encodeFailure(lastFailure) }
      const headers = { [HEADER.deadLetterReason]: reason, ...failure }
      const properties = { type: RESULT_RECORD.deadLettered, correlationId: String(index), headers }
      records.push({ content: Buffer.alloc(0), properties })
    })
    return records
  })
}
