import type { StandardSchemaV1 } from '@standard-schema/spec'
import { encodeFields } from '../publish/field-table.ts'
import type { Parcel } from '../publish/ledger.ts'
import { SEQUENCE } from '../publish/sequence.ts'
import { bytesOf, type EncodedBody, encodeBody } from './encode.ts'
import { bareMessage, createMessage, isMessage, type Message } from './message.ts'

/** How the items of one call become messages. */
export interface PrepareOptions {
  readonly maxMessageBytes: number
  readonly schema: StandardSchemaV1 | undefined
  readonly encode: ((item: never, index: number) => string | Uint8Array) | undefined
  readonly messageId: ((item: never, index: number) => string) | undefined
}

/** One item on its way: what is published of it, or why it cannot be. */
export type Prepared = Parcel | Invalid

export interface Invalid {
  readonly type: 'invalid'
  readonly index: number
  readonly message: Message
  readonly reason: string
  readonly cause?: unknown
}

/**
 * What the broker counts by itself. On a first delivery it shows whatever the publisher put there, so a copy of a
 * dead-lettered message would begin with the deliveries of its first life. And what a copy must not say for us.
 */
const NOT_THE_APPS = new Set(['x-delivery-count', 'x-acquired-count', 'x-death', SEQUENCE])

/**
 * Makes a message of an item: schema, then `encode`, then an id. Never throws, and is a promise only where the schema
 * is one.
 *
 * @param callId of which the id of a message that has none is made, with its index: unlike that of any other call
 */
export function prepare(
  item: unknown,
  index: number,
  options: PrepareOptions,
  callId: string,
): Prepared | Promise<Prepared> {
  const given = isMessage(item) ? item : undefined
  const body = given === undefined ? item : given.body
  const { schema } = options
  if (schema === undefined) return toMessage(item, given, body, index, options, callId)
  try {
    const result = schema['~standard'].validate(body)
    if (!(result instanceof Promise)) return toChecked(result, item, given, index, options, callId)
    return result.then(
      (checked) => toChecked(checked, item, given, index, options, callId),
      (cause) => refused(index, given, body, 'The schema threw.', cause),
    )
  } catch (cause) {
    return refused(index, given, body, 'The schema threw.', cause)
  }
}

function toChecked(
  result: StandardSchemaV1.Result<unknown>,
  item: unknown,
  given: Message | undefined,
  index: number,
  options: PrepareOptions,
  callId: string,
): Prepared {
  if (result.issues === undefined) return toMessage(item, given, result.value, index, options, callId)
  // What a schema says of an item often quotes it, so only the places are told; the cause has the rest.
  const places = result.issues.map(({ path }) => `$${(path ?? []).map(segment).join('')}`)
  const shown = [...new Set(places)].slice(0, 5).join(', ')
  const body = given === undefined ? item : given.body
  return refused(index, given, body, `The schema refuses it at ${shown}.`, result.issues)
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof part === 'object' ? part.key : part
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`
}

function toMessage(
  item: unknown,
  given: Message | undefined,
  body: unknown,
  index: number,
  options: PrepareOptions,
  callId: string,
): Prepared {
  let id = given?.id
  if (id === undefined && options.messageId !== undefined) {
    try {
      id = options.messageId(item as never, index)
    } catch (cause) {
      return refused(index, given, body, 'messageId threw.', cause)
    }
  }
  // As the broker will have it: half a surrogate pair has no UTF-8, and a return must name what was published.
  if (typeof id === 'string') id = id.toWellFormed()
  const isIdUnique = id === undefined
  id ??= `${callId}-${index}`
  if (given !== undefined || !isIdUnique) {
    const problem = fieldProblem(id, given)
    if (problem !== undefined) return refused(index, withId(given, body, id), body, problem)
  }
  const encoded = encodeWith(options.encode, body, index)
  if ('reason' in encoded) return { type: 'invalid', index, message: withId(given, body, id), ...encoded }
  const { content, bytes, contentType } = encoded
  if (bytes > options.maxMessageBytes) {
    return refused(index, withId(given, body, id), body, tooLarge(bytes, options.maxMessageBytes))
  }
  return {
    type: 'item',
    index,
    content,
    bytes,
    contentType: given?.contentType ?? contentType,
    id,
    isIdUnique,
    headers: given?.headers === undefined ? undefined : ownHeaders(given.headers),
    priority: given?.priority,
    body,
    given: given === undefined ? undefined : withId(given, body, id),
    digest: undefined,
  }
}

function withId(given: Message | undefined, body: unknown, id: string): Message {
  return given === undefined ? bareMessage(body, id) : createMessage(body, { ...fieldsOf(given), id })
}

/** Why an item of so many bytes is invalid. */
export function tooLarge(bytes: number, limit: number): string {
  return `It is ${bytes} bytes, more than the ${limit} allowed: send a reference to the data instead.`
}

function encodeWith(encode: PrepareOptions['encode'], body: unknown, index: number): EncodedBody {
  if (encode === undefined) return encodeBody(body)
  try {
    const encoded: unknown = encode(body as never, index)
    if (typeof encoded === 'string' || bytesOf(encoded) !== undefined) return encodeBody(encoded)
    return { reason: 'encode gave neither a string nor bytes.' }
  } catch (cause) {
    return { reason: 'encode threw.', cause }
  }
}

function refused(
  index: number,
  given: Message | undefined,
  body: unknown,
  reason: string,
  ...cause: readonly unknown[]
): Invalid {
  const message = given ?? createMessage(body)
  return { type: 'invalid', index, message, reason, ...(cause.length === 0 ? {} : { cause: cause[0] }) }
}

function fieldsOf({ headers, priority, contentType }: Message): Omit<Message, 'body' | 'id' | symbol> {
  return {
    ...(headers === undefined ? {} : { headers }),
    ...(priority === undefined ? {} : { priority }),
    ...(contentType === undefined ? {} : { contentType }),
  }
}

function fieldProblem(id: string, given: Message | undefined): string | undefined {
  const { contentType, priority, headers } = given ?? {}
  if (typeof id !== 'string' || id === '') return 'Its id is not a text, or is empty.'
  if (id.length > 63 && Buffer.byteLength(id) > 255) return 'Its id is longer than the 255 bytes of AMQP.'
  if (contentType !== undefined && (typeof contentType !== 'string' || Buffer.byteLength(contentType) > 255)) {
    return 'Its content type is not a text of at most 255 bytes.'
  }
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 255)) {
    return 'Its priority is not a whole number from 0 to 255.'
  }
  if (headers === undefined) return undefined
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return 'Its headers are not an object.'
  try {
    encodeFields(headers)
    return undefined
  } catch (error) {
    return error instanceof TypeError ? error.message : 'Its headers cannot be read.'
  }
}

function ownHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_THE_APPS.has(name)))
}
