import { bareMessage, type Message } from './message.ts'

/** A message in the form that is published. */
export interface EncodedMessage {
  /** Text becomes bytes only where it is written. */
  readonly content: string | Buffer
  /** The size of the body in bytes. */
  readonly bytes: number
  readonly contentType: string
  readonly id: string
  /** A checked copy of the headers; undefined when there are none. */
  readonly headers: Readonly<Record<string, unknown>> | undefined
  /** The same headers in AMQP's bytes, without the length before them. */
  readonly headerBytes: Buffer | undefined
  readonly priority: number | undefined
}

/** An item that can be published. It is one flat object, because there are millions of them. */
export interface EncodedItem extends EncodedMessage {
  readonly type: 'item'
  readonly index: number
  /** Whether this call made the id, for this item alone. */
  readonly isIdUnique: boolean
  /** The item that the app gave, or the output of its schema. */
  readonly body: unknown
  /** The message that the app gave; undefined when it gave only a body. */
  readonly given: Message | undefined
  /** The digest that a journal keeps of it; undefined without a journal. */
  readonly digest: string | undefined
}

/** The item as a message that can be enqueued again under the same id. */
export function messageOf({ given, body, id }: EncodedItem): Message {
  return given ?? bareMessage(body, id)
}
