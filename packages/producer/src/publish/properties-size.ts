import type { EncodedMessage } from '../items/encoded-item.ts'
import type { Stamp } from './stamp.ts'

/** Type, channel and size before a frame's payload, and one byte at its end. */
export const FRAME_OVERHEAD = 8

/**
 * Checks that the properties of a message fit in one frame. Unlike a body they cannot be split, and the broker closes the
 * whole connection for a frame above the limit that was agreed on.
 *
 * @throws {TypeError}
 */
export function checkProperties(bytes: number, frameMax: number): void {
  const room = frameMax - FRAME_OVERHEAD
  if (bytes > room) {
    throw new TypeError(
      `Its properties, headers included, are ${bytes} bytes; this connection takes ${room}. Send large values in the body.`,
    )
  }
}

/** The size of a message's properties, at most. */
export function propertiesSize({ headerBytes, id, contentType }: EncodedMessage, { type, replyTo }: Stamp): number {
  // An index is a number of at most 16 digits.
  const ofStamp = 1 + type.length + (replyTo === undefined ? 0 : 17 + 1 + Buffer.byteLength(replyTo))
  // Class, size and flags; three strings with their lengths; the sequence header; priority and delivery mode.
  return 14 + (headerBytes?.length ?? 0) + 4 + 29 + Buffer.byteLength(id) + Buffer.byteLength(contentType) + 4 + ofStamp
}
