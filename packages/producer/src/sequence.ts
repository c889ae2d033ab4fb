/**
 * The publisher's own number of a message, by which a return is matched to its publish. Not the message id, which is
 * the app's, and may be there twice.
 */
export const SEQUENCE = 'x-podqueue-sequence'

/** The beginning of that header in AMQP's bytes: its name, and the type of a 64-bit number, which follows. */
export const SEQUENCE_FIELD: Buffer = Buffer.concat([
  Buffer.from([SEQUENCE.length]),
  Buffer.from(SEQUENCE),
  Buffer.from('l'),
])
