import { type Around, surroundings } from '@internal/diagnostics'
import { PUBLISH } from '../diagnostics.ts'
import type { EncodedItem } from '../items/encoded-item.ts'
import { checkHeaders } from '../items/message-fields.ts'

/** Where an item is published, for the message about it. */
interface Place {
  readonly call: object
  readonly queue: string
  readonly address: string
}

/** An item as it is to be sent, and what is to surround that. */
interface Announced {
  readonly message: EncodedItem
  readonly run: Around
}

/** Tells subscribers of `podqueue:publish` about an item. Returns it with the headers that they added. */
export function announced(item: EncodedItem, { call, queue, address }: Place): Announced {
  const { index, id: messageId, bytes } = item
  const headers: Record<string, unknown> = { ...item.headers }
  const { around, run } = surroundings()
  PUBLISH.publish({ call, queue, address, index, messageId, bytes, headers, around })
  try {
    const table = checkHeaders(headers)
    return { message: { ...item, headers: table?.fields, headerBytes: table?.bytes }, run }
  } catch (error) {
    // Observing must not change the fate of an item.
    const reason = error instanceof Error ? error.message : 'They cannot be read.'
    process.emitWarning(`Headers of a subscriber of podqueue:publish are not sent. ${reason}`, 'PodqueueWarning')
    return { message: item, run }
  }
}
