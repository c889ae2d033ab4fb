/** Recognizes AMQP 0-9-1 methods between a worker and its broker, on their way through a proxy, whole frames at a time. */

/** The arguments of each method frame of that class and method in a piece of the stream. */
function* methods(piece: Buffer, classId: number, methodId: number): Generator<Buffer> {
  // The header of the protocol may lead, in the write of the first frames.
  const first = piece.toString('latin1', 0, 4) === 'AMQP' ? 8 : 0
  for (let at = first; at + 11 < piece.length; at += 8 + piece.readUInt32BE(at + 3)) {
    const isMethod =
      piece[at] === 1 && piece.readUInt16BE(at + 7) === classId && piece.readUInt16BE(at + 9) === methodId
    if (isMethod) yield piece.subarray(at + 11, at + 7 + piece.readUInt32BE(at + 3))
  }
}

const has = (classId: number, methodId: number) => (piece: Buffer) => !methods(piece, classId, methodId).next().done

export const consumeRequest: (piece: Buffer) => boolean = has(60, 20)
export const consumeOk: (piece: Buffer) => boolean = has(60, 21)
export const cancelRequest: (piece: Buffer) => boolean = has(60, 30)
export const connectionClose: (piece: Buffer) => boolean = has(10, 50)
export const connectionOpened: (piece: Buffer) => boolean = has(10, 41)
export const channelClose: (piece: Buffer) => boolean = has(20, 40)
export const declareOk: (piece: Buffer) => boolean = has(50, 11)
export const published: (piece: Buffer) => boolean = has(60, 40)
export const returned: (piece: Buffer) => boolean = has(60, 50)
export const ack: (piece: Buffer) => boolean = has(60, 80)

/** The answer to a passive declare with 0 items and 0 consumers, as a queue without a leader gives it. */
export function readsNothing(piece: Buffer): boolean {
  return [...methods(piece, 50, 11)].some((counts) => counts.subarray(-8).every((byte) => byte === 0))
}
