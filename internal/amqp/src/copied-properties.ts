import { BROKER_HEADERS, HEADER } from '@internal/contract'
import type { MessageProperties, Options } from 'amqplib'

const COPIED = [
  'messageId',
  'contentType',
  'contentEncoding',
  'correlationId',
  'replyTo',
  'timestamp',
  'type',
  'appId',
  'priority',
] as const

/** Headers that the broker writes or acts upon: `CC` and `BCC` would route the copy to further queues. */
const BROKER_OWNED = new Set([...BROKER_HEADERS, 'CC', 'BCC'])
const DEATH_HEADER = /^x-(first|last)-death-/

/** The headers of a message that its publisher wrote: without those of the broker, and without podqueue's own in `without`. */
export function publishedHeaders(
  headers: Readonly<Record<string, unknown>> | undefined,
  without: readonly string[] = [HEADER.sequence],
): Record<string, unknown> {
  const kept = Object.entries(headers ?? {}).filter(
    ([name]) => !BROKER_OWNED.has(name) && !DEATH_HEADER.test(name) && !without.includes(name),
  )
  return Object.fromEntries(kept)
}

/**
 * The properties with which a copy of a message may be published. A foreign `userId` would close the channel, an
 * `expiration` would drop the copy, and the broker's own headers would lie about the copy's deliveries.
 *
 * @param headers the headers of the copy
 */
export function copiedProperties(properties: MessageProperties, headers: Record<string, unknown>): Options.Publish {
  const copied: Record<string, unknown> = {}
  for (const name of COPIED) if (properties[name] !== undefined) copied[name] = properties[name]
  return { ...copied, headers, persistent: true, mandatory: true }
}
