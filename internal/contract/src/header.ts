/** podqueue's own message headers. */
export const HEADER = {
  /** The number of a publish on its channel, by which the producer matches a returned message. The worker hides it. */
  sequence: 'x-podqueue-sequence',
  /** On a dead letter that a worker published: the queue that the item came from. */
  deadLetterQueue: 'x-podqueue-queue',
  /** On a dead letter that a worker published: why. */
  deadLetterReason: 'x-podqueue-reason',
  /** On a dead letter that a worker published: the last failure, as {@link encodeFailure} writes it. */
  failure: 'x-podqueue-failure',
  /** On an item that a worker put back as a copy: how often it had come back before. The copy's own count begins at 0. */
  earlierDeliveries: 'x-podqueue-earlier-deliveries',
} as const

/** Headers that the broker writes. A copy of a message that carries them would lie about its own deliveries. */
export const BROKER_HEADERS: readonly string[] = ['x-delivery-count', 'x-acquired-count', 'x-death']
