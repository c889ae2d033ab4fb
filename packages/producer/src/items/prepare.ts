import { unawaited } from '@internal/async'
import { bytesOf, type EncodedBody, encodeBody } from '@internal/encoding'
import { showText } from '@internal/errors'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { EncodedItem } from './encoded-item.ts'
import { bareMessage, isMessage, type Message, messageWith } from './message.ts'
import { type CheckedFields, checkFields, idProblem } from './message-fields.ts'

/** How the items of one call become messages. */
export interface PrepareOptions {
  readonly maxMessageBytes: number
  readonly schema: StandardSchemaV1 | undefined
  readonly encode: ((item: never, index: number) => string | Uint8Array) | undefined
  readonly messageId: ((item: never, index: number) => string) | undefined
}

/** An item in the form that is published, or the reason why it cannot be. */
export type Prepared = EncodedItem | InvalidItem

/** An item that cannot be published. */
export interface InvalidItem {
  readonly type: 'invalid'
  readonly index: number
  readonly message: Message
  readonly reason: string
  readonly cause?: unknown
}

/** An item as it was read. */
interface Source {
  readonly item: unknown
  readonly index: number
  /** Undefined when the app gave only a body. */
  readonly given: Message | undefined
  readonly body: unknown
}

/**
 * Makes a message of an item: by the schema, then `encode`, then an id. Never throws or rejects, whatever the item or a
 * function of the app does. The result is a promise only when the schema returns one.
 *
 * @param callId makes, with the index, the id of a message that has none; no two calls have the same
 */
export function prepare(
  item: unknown,
  index: number,
  options: PrepareOptions,
  callId: string,
): Prepared | Promise<Prepared> {
  let source: Source = { item, index, given: undefined, body: item }
  try {
    if (isMessage(item)) source = { item, index, given: item, body: item.body }
    const { schema } = options
    if (schema === undefined) return toMessage(source, source.body, options, callId)
    return checkedBy(schema, source, options, callId)
  } catch (cause) {
    return refused(source, 'It cannot be read: a part of it throws.', cause)
  }
}

/** The longest reason, bytes: there may be a thousand of them. */
const LONGEST_REASON = 512

const SCHEMA_THREW = 'The schema threw, or did not return a result.'

function checkedBy(
  schema: StandardSchemaV1,
  source: Source,
  options: PrepareOptions,
  callId: string,
): Prepared | Promise<Prepared> {
  const toPrepared = (result: StandardSchemaV1.Result<unknown>): Prepared => {
    try {
      if (result.issues === undefined) return toMessage(source, result.value, options, callId)
      // The words of a schema often quote the item, so only the places are shown. The cause has the rest.
      const places = result.issues.map(({ path }) => `$${(path ?? []).map(segment).join('')}`)
      const shown = [...new Set(places)].slice(0, 5).join(', ')
      return refused(source, `The schema refuses it at ${shown}.`, result.issues)
    } catch (cause) {
      return refused(source, SCHEMA_THREW, cause)
    }
  }
  try {
    const result = schema['~standard'].validate(source.body)
    if (!isThenable(result)) return toPrepared(result)
    return Promise.resolve(result).then(toPrepared, (cause: unknown) => refused(source, SCHEMA_THREW, cause))
  } catch (cause) {
    return refused(source, SCHEMA_THREW, cause)
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof part === 'object' ? part.key : part
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`
}

function toMessage(source: Source, body: unknown, options: PrepareOptions, callId: string): Prepared {
  const { item, index, given } = source
  let id: unknown = given?.id
  if (id === undefined && options.messageId !== undefined) {
    try {
      id = unawaited(options.messageId((given === undefined ? item : given.body) as never, index))
    } catch (cause) {
      return refused(source, 'messageId threw.', cause)
    }
    if (typeof id !== 'string') return refused(source, `messageId returned ${typeName(id)}, not a string.`)
  }
  const isIdUnique = id === undefined
  const ownId = isIdUnique ? `${callId}-${index}` : id
  const problem = isIdUnique ? undefined : idProblem(ownId)
  if (problem !== undefined || typeof ownId !== 'string') return refused(source, problem ?? 'Its id must be a string.')
  // The same text as the broker will have: half a surrogate pair has no UTF-8, and a return must name what was published.
  const messageId = ownId.toWellFormed()
  const invalid = (reason: string, ...cause: readonly unknown[]): InvalidItem => ({
    ...refused(source, reason, ...cause),
    message: withId(given, body, messageId),
  })
  let fields: CheckedFields | undefined
  try {
    fields = given === undefined ? undefined : checkFields(given)
  } catch (error) {
    return error instanceof TypeError ? invalid(error.message) : invalid('Its fields cannot be read.', error)
  }
  const encoded = encodeWith(options.encode, body, index)
  if ('reason' in encoded) {
    return 'cause' in encoded ? invalid(encoded.reason, encoded.cause) : invalid(encoded.reason)
  }
  const { content, bytes, contentType } = encoded
  if (bytes > options.maxMessageBytes) return invalid(tooLarge(bytes, options.maxMessageBytes))
  return {
    type: 'item',
    index,
    content,
    bytes,
    contentType: fields?.contentType?.toWellFormed() ?? contentType,
    id: messageId,
    isIdUnique,
    headers: fields?.table?.fields,
    headerBytes: fields?.table?.bytes,
    priority: fields?.priority,
    body,
    given: given === undefined ? undefined : withId(given, body, messageId),
    digest: undefined,
  }
}

function withId(given: Message | undefined, body: unknown, id: string): Message {
  return given === undefined ? bareMessage(body, id) : messageWith(given, body, id)
}

/** The reason why an item of this size is invalid. */
export function tooLarge(bytes: number, limit: number): string {
  return `It is ${bytes} bytes, more than the ${limit} allowed: send a reference to the data instead.`
}

function encodeWith(encode: PrepareOptions['encode'], body: unknown, index: number): EncodedBody {
  if (encode === undefined) return encodeBody(body)
  try {
    const encoded: unknown = unawaited(encode(body as never, index))
    if (typeof encoded === 'string' || bytesOf(encoded) !== undefined) return encodeBody(encoded)
    return { reason: `encode returned ${typeName(encoded)}, not a string or bytes.` }
  } catch (cause) {
    return { reason: 'encode threw.', cause }
  }
}

function typeName(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function refused({ index, given, body }: Source, reason: string, ...cause: readonly unknown[]): InvalidItem {
  const message = given ?? bareMessage(body)
  // It names keys of the item, which may be of any kind and length.
  const shown = showText(reason, { maxBytes: LONGEST_REASON })
  return { type: 'invalid', index, message, reason: shown, ...(cause.length === 0 ? {} : { cause: cause[0] }) }
}
