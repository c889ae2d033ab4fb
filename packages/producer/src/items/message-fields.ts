import { BROKER_HEADERS, HEADER } from '@internal/contract'
import { encodeFieldTable, type FieldTable } from './field-table.ts'
import type { Message } from './message.ts'

/** AMQP's short strings have one byte for their length. */
const SHORT_STRING_BYTES = 255

/**
 * Headers that are not taken from the app. The broker shows its own counts on a first delivery whatever the publisher put
 * there, so a copy of a dead-lettered message would begin with the deliveries of its first life.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([...BROKER_HEADERS, HEADER.sequence])

/** Headers that RabbitMQ reads as a list of further queues (https://www.rabbitmq.com/docs/sender-selected). */
const ROUTING_HEADERS = ['CC', 'BCC'] as const

/** The problem with a message id as a sentence; undefined when there is none. */
export function idProblem(id: unknown): string | undefined {
  if (typeof id !== 'string' || id === '') return 'Its id must be a non-empty string.'
  // A character has at most three bytes for each of its UTF-16 units.
  const isLong = id.length * 3 > SHORT_STRING_BYTES && Buffer.byteLength(id) > SHORT_STRING_BYTES
  return isLong ? `Its id must be at most ${SHORT_STRING_BYTES} bytes long.` : undefined
}

/** The fields of a message besides its id and body, as they are published. */
export interface CheckedFields {
  readonly contentType: string | undefined
  readonly priority: number | undefined
  readonly table: FieldTable | undefined
}

/**
 * Checks the fields of a message and encodes its headers.
 *
 * @throws {TypeError} whose message says which field cannot be sent
 */
export function checkFields({ contentType, priority, headers }: Message): CheckedFields {
  if (
    contentType !== undefined &&
    (typeof contentType !== 'string' || Buffer.byteLength(contentType) > SHORT_STRING_BYTES)
  ) {
    throw new TypeError(`Its contentType must be a string of at most ${SHORT_STRING_BYTES} bytes.`)
  }
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 255)) {
    throw new TypeError('Its priority must be a whole number from 0 to 255.')
  }
  return { contentType, priority, table: headers === undefined ? undefined : checkHeaders(headers) }
}

/**
 * Checks headers as RabbitMQ will, and encodes them.
 *
 * @throws {TypeError} whose message names the header
 */
export function checkHeaders(headers: unknown): FieldTable | undefined {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw new TypeError('Its headers must be an object.')
  }
  const own = Object.entries(headers).filter(([name, value]) => value !== undefined && !LEFT_OUT.has(name))
  if (own.length === 0) return undefined
  const table = encodeFieldTable(Object.fromEntries(own))
  for (const name of ROUTING_HEADERS) {
    const queues = table.fields[name]
    if (queues === undefined) continue
    if (!Array.isArray(queues) || !queues.every((queue) => typeof queue === 'string')) {
      throw new TypeError(`headers.${name} must be an array of strings: the names of further queues.`)
    }
  }
  return table
}
