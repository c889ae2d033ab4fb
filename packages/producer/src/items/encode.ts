import { lostInJson } from './json-loss.ts'

/** A message as it is published. */
export interface Encoded {
  /** Text is turned into bytes only where it is written. */
  readonly content: string | Buffer
  /** The size of the body. */
  readonly bytes: number
  readonly contentType: string
  readonly id: string
  /** Undefined when there are none. */
  readonly headers: Readonly<Record<string, unknown>> | undefined
  readonly priority: number | undefined
}

/** A body in the form that is published, or why there is none. */
export type EncodedBody =
  | { readonly content: string | Buffer; readonly bytes: number; readonly contentType: string }
  | { readonly reason: string; readonly cause?: unknown }

/** Encodes a body: a string as text, bytes as they are, anything else as JSON. Never throws. */
export function encodeBody(body: unknown): EncodedBody {
  if (typeof body === 'string') return { content: body, bytes: Buffer.byteLength(body), contentType: 'text/plain' }
  const bytes = bytesOf(body)
  if (bytes !== undefined) return { content: bytes, bytes: bytes.length, contentType: 'application/octet-stream' }
  try {
    const lost = lostInJson(body)
    if (lost !== undefined) return { reason: lost }
    const json = JSON.stringify(body)
    if (typeof json !== 'string') return { reason: '$ turns into nothing in JSON.' }
    return { content: json, bytes: Buffer.byteLength(json), contentType: 'application/json' }
  } catch (cause) {
    // A getter or toJSON of the app's own; what it says may be the item's content.
    return { reason: 'JSON cannot hold it: a part of it throws when it is read.', cause }
  }
}

/** The bytes of a byte array, of any kind and without a copy; undefined for anything else. */
export function bytesOf(body: unknown): Buffer | undefined {
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return body instanceof ArrayBuffer ? Buffer.from(body) : undefined
}
