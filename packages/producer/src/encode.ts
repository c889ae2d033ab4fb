import { randomUUID } from 'node:crypto'
import { createMessage, isMessage, type Message, type MessageFields } from './message.ts'

/** A message in the bytes that are published. */
export interface Encoded {
  readonly content: Buffer
  readonly contentType: string
  readonly id: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly priority: number | undefined
}

/** What became of one item at the encoder: its message, and its bytes or why it has none. */
export type Encoding =
  | { readonly message: Message; readonly encoded: Encoded }
  | { readonly message: Message; readonly reason: string }

/**
 * What the broker counts by itself. On a first delivery it shows whatever the publisher put there, so a copy of a
 * dead-lettered message would begin with the deliveries of its first life.
 */
const BROKER_OWNED = new Set(['x-delivery-count', 'x-acquired-count', 'x-death'])

/** Encodes one item: a string as text, bytes as they are, anything else as JSON. Never throws. */
export function encodeItem(item: unknown, maxBytes: number): Encoding {
  const given = isMessage(item) ? item : createMessage(item)
  const message = given.id === undefined ? createMessage(given.body, { ...fieldsOf(given), id: randomUUID() }) : given
  const body = encodeBody(message.body)
  if ('reason' in body) return { message, reason: body.reason }
  if (body.content.length > maxBytes) {
    return {
      message,
      reason: `it is ${body.content.length} bytes, more than the ${maxBytes} allowed: send a reference to the data instead`,
    }
  }
  const headers: Record<string, unknown> = {}
  for (const name in message.headers) if (!BROKER_OWNED.has(name)) headers[name] = message.headers[name]
  return {
    message,
    encoded: {
      content: body.content,
      contentType: message.contentType ?? body.contentType,
      id: message.id ?? '',
      headers,
      priority: message.priority,
    },
  }
}

function fieldsOf({ headers, priority, contentType }: Message): MessageFields {
  return {
    ...(headers === undefined ? {} : { headers }),
    ...(priority === undefined ? {} : { priority }),
    ...(contentType === undefined ? {} : { contentType }),
  }
}

function encodeBody(
  body: unknown,
): { readonly content: Buffer; readonly contentType: string } | { readonly reason: string } {
  if (typeof body === 'string') return { content: Buffer.from(body), contentType: 'text/plain' }
  if (ArrayBuffer.isView(body)) {
    const content = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    return { content, contentType: 'application/octet-stream' }
  }
  if (body instanceof ArrayBuffer) return { content: Buffer.from(body), contentType: 'application/octet-stream' }
  const lost = lostInJson(body, '$', new Set())
  if (lost !== undefined) return { reason: lost }
  try {
    return { content: Buffer.from(JSON.stringify(body)), contentType: 'application/json' }
  } catch (error) {
    return { reason: `JSON cannot hold it: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/**
 * The first thing in a value that JSON would refuse or silently change, with its path. A property that is undefined
 * is left out, as everywhere in JavaScript.
 */
function lostInJson(value: unknown, path: string, parents: ReadonlySet<unknown>): string | undefined {
  switch (typeof value) {
    case 'bigint':
      return `${path} is a BigInt, which JSON cannot hold: send it as a string`
    case 'function':
    case 'symbol':
    case 'undefined':
      return `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}, which JSON cannot hold`
    case 'number':
      return Number.isFinite(value) ? undefined : `${path} is ${value}, which JSON cannot hold`
    case 'object':
      break
    default:
      return undefined
  }
  if (value === null || 'toJSON' in value) return undefined
  if (parents.has(value)) return `${path} refers back to an object that it is part of, which JSON cannot hold`
  const within = new Set(parents).add(value)
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      const lost = lostInJson(element, `${path}[${index}]`, within)
      if (lost !== undefined) return lost
    }
    return undefined
  }
  for (const [key, property] of Object.entries(value)) {
    if (property === undefined) continue
    const lost = lostInJson(property, `${path}.${key}`, within)
    if (lost !== undefined) return lost
  }
  return undefined
}
