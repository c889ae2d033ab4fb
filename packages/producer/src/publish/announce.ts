import { PUBLISH, type PublishDiagnostic } from '../diagnostics.ts'
import type { EncodedItem } from '../items/encoded-item.ts'
import { checkHeaders } from '../items/message-fields.ts'

/** Tells subscribers of `podqueue:publish` about an item. Returns it with the headers that they added. */
export function announced(item: EncodedItem, queue: string, address: string): EncodedItem {
  if (!PUBLISH.hasSubscribers) return item
  const { index, id: messageId, bytes } = item
  const headers: Record<string, unknown> = { ...item.headers }
  const diagnostic: PublishDiagnostic = { queue, address, index, messageId, bytes, headers }
  PUBLISH.publish(diagnostic)
  try {
    const table = checkHeaders(headers)
    return { ...item, headers: table?.fields, headerBytes: table?.bytes }
  } catch (error) {
    // Observing must not change the fate of an item.
    const reason = error instanceof Error ? error.message : 'They cannot be read.'
    process.emitWarning(`Headers of a subscriber of podqueue:publish are not sent. ${reason}`, 'PodqueueWarning')
    return item
  }
}
