import type { ConsumeMessage } from 'amqplib'
import type { Item } from '../item/item.ts'

/** An item in hand, and the message that carries it. */
export interface Held {
  readonly message: ConsumeMessage
  readonly item: Item
}
