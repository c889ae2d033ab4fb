import { decodeFailure, type FailureRecord, HEADER, RESULT_RECORD } from '@internal/contract'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { LogRecord } from '../result-log/record.ts'

/** The end of one item of a batch. */
export type ItemResult<T> = {
  /** The item's place in the `items` of `enqueue`, from 0. */
  readonly index: number
  /** The place in the log: `collectResults(batch, { after: offset })` goes on behind this item. */
  readonly offset: number
} & (
  | { readonly status: 'done'; readonly value: T }
  /** It is in the dead-letter queue. */
  | { readonly status: 'dead-lettered'; readonly reason: string; readonly lastFailure: FailureRecord | undefined }
  /** It is done, and its result is not what `schema` asks for. */
  | { readonly status: 'invalid'; readonly reason: string; readonly cause?: unknown }
)

export async function toResult<T>(
  { offset, message }: LogRecord,
  index: number,
  schema: StandardSchemaV1<unknown, T> | undefined,
): Promise<ItemResult<T>> {
  const { type, headers, contentType } = message.properties
  if (type === RESULT_RECORD.deadLettered) {
    const { [HEADER.deadLetterReason]: reason, [HEADER.failure]: failure } = (headers ?? {}) as Record<string, unknown>
    const lastFailure = decodeFailure(failure)
    return {
      index,
      offset,
      status: 'dead-lettered',
      reason: String(reason ?? 'The record does not say why.'),
      lastFailure,
    }
  }
  const decoded = decode(message.content, contentType)
  if ('reason' in decoded) return { index, offset, status: 'invalid', ...decoded }
  if (schema === undefined) return { index, offset, status: 'done', value: decoded.value as T }
  const checked = await check(schema, decoded.value)
  return 'reason' in checked
    ? { index, offset, status: 'invalid', ...checked }
    : { index, offset, status: 'done', value: checked.value }
}

function decode(content: Buffer, contentType: unknown): { readonly value: unknown } | { readonly reason: string } {
  switch (contentType) {
    case undefined:
      return { value: undefined }
    case 'text/plain':
      return { value: content.toString() }
    case 'application/json':
      try {
        return { value: JSON.parse(content.toString()) }
      } catch {
        return { reason: 'Its result is not JSON.' }
      }
    default:
      return { value: content }
  }
}

async function check<T>(
  schema: StandardSchemaV1<unknown, T>,
  value: unknown,
): Promise<{ readonly value: T } | { readonly reason: string; readonly cause: unknown }> {
  try {
    const result = await schema['~standard'].validate(value)
    if (result.issues === undefined) return { value: result.value }
    // The messages of a schema often quote the value.
    const places = result.issues.map(({ path }) => `$${(path ?? []).map(segment).join('')}`)
    const shown = [...new Set(places)].slice(0, 5).join(', ')
    return { reason: `The schema refuses its result at ${shown}.`, cause: result.issues }
  } catch (cause) {
    return { reason: 'The schema threw.', cause }
  }
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof part === 'object' ? part.key : part
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`
}
