import { encodeFailure, type FailureRecord, HEADER, RESULT_RECORD } from '@internal/contract'
import type { AnswerAddress } from './answer-address.ts'
import type { ResultRecord } from './result-link.ts'

/** The record of an item that is done, or the reason why there can be none. */
export async function doneRecord(
  { log, index }: AnswerAddress,
  result: unknown,
  maxResultBytes: number,
): Promise<ResultRecord | { readonly reason: string }> {
  const common = { type: RESULT_RECORD.done, correlationId: String(index) }
  if (result === undefined) return { log, content: Buffer.alloc(0), properties: common }
  // Only an item that wants a result needs it, and it takes milliseconds to load.
  const { encodeBody } = await import('@internal/encoding')
  const encoded = encodeBody(result)
  if ('reason' in encoded) return { reason: `Its result cannot be sent: ${encoded.reason}` }
  if (encoded.bytes > maxResultBytes) {
    return {
      reason: `Its result is larger than the ${maxResultBytes} bytes of maxResultBytes: store it, and return a reference.`,
    }
  }
  const content = typeof encoded.content === 'string' ? Buffer.from(encoded.content) : encoded.content
  return { log, content, properties: { ...common, contentType: encoded.contentType } }
}

/** The record of an item that was set aside. */
export function deadLetterRecord(
  { log, index }: AnswerAddress,
  reason: string,
  failure: FailureRecord | undefined,
): ResultRecord {
  const headers = {
    [HEADER.deadLetterReason]: reason.slice(0, 1_000),
    ...(failure === undefined ? {} : { [HEADER.failure]: encodeFailure(failure) }),
  }
  return {
    log,
    content: Buffer.alloc(0),
    properties: { type: RESULT_RECORD.deadLettered, correlationId: String(index), headers },
  }
}
