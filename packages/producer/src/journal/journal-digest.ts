import { hash } from 'node:crypto'
import type { EncodedMessage } from '../items/encoded-item.ts'

/** Bytes of a digest that are kept: enough to tell one item from another, by accident never the same. */
export const DIGEST_BYTES = 9

/** The digest that a journal keeps of an item: of its body and content type, not of its id, which may be random. */
export function digestOf({ content, contentType }: Pick<EncodedMessage, 'content' | 'contentType'>): string {
  const digest = hash('sha256', typeof content === 'string' ? Buffer.from(content) : content, 'buffer')
  const typed = hash('sha256', Buffer.concat([digest, Buffer.from(contentType)]), 'buffer')
  return typed.subarray(0, DIGEST_BYTES).toString('base64url')
}
