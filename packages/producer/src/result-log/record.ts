import { indexIn, RESULT_RECORD } from '@internal/contract'
import type { ConsumeMessage } from 'amqplib'

/** One record of a result log, and its place there. */
export interface LogRecord {
  readonly offset: number
  readonly message: ConsumeMessage
}

/** The content of one record of a log. */
export type RecordContent =
  | { readonly type: 'item'; readonly index: number; readonly isDone: boolean }
  | { readonly type: 'closed'; readonly total: number }
  | { readonly type: 'unknown' }

export function readRecord({ message }: LogRecord): RecordContent {
  const { type, correlationId } = message.properties
  if (type === RESULT_RECORD.closed) {
    const total = Number(message.content.toString())
    return Number.isSafeInteger(total) && total >= 0 ? { type: 'closed', total } : { type: 'unknown' }
  }
  const index = indexIn(correlationId)
  const isDone = type === RESULT_RECORD.done
  const isItem = isDone || type === RESULT_RECORD.deadLettered
  return isItem && index !== undefined ? { type: 'item', index, isDone } : { type: 'unknown' }
}
