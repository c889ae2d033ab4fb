import { types } from 'node:util'
import { lostInJson } from './json-loss.ts'

/** A body in the form that is published, or the reason why it cannot be. */
export type EncodedBody =
  | { readonly content: string | Buffer; readonly bytes: number; readonly contentType: string }
  | { readonly reason: string; readonly cause?: unknown }

/** Encodes a body: a string as text, bytes as they are, anything else as JSON. Never throws. */
export function encodeBody(body: unknown): EncodedBody {
  if (typeof body === 'string') return { content: body, bytes: Buffer.byteLength(body), contentType: 'text/plain' }
  try {
    const bytes = bytesOf(body)
    if (bytes !== undefined) return { content: bytes, bytes: bytes.length, contentType: 'application/octet-stream' }
    const lost = lostInJson(body)
    if (lost !== undefined) return { reason: lost }
    const json = JSON.stringify(body)
    if (typeof json !== 'string') return { reason: '$ turns into nothing in JSON.' }
    return { content: json, bytes: Buffer.byteLength(json), contentType: 'application/json' }
  } catch (cause) {
    // A getter or toJSON of the app threw; its error may quote the item.
    return { reason: 'JSON cannot hold it: reading a part of it throws, or it is nested too deep.', cause }
  }
}

/** The bytes of a byte array, without a copy; undefined for anything else. */
export function bytesOf(body: unknown): Buffer | undefined {
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return types.isAnyArrayBuffer(body) ? Buffer.from(body) : undefined
}
