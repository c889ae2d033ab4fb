const TYPE = /^podqueue(?:; delivery-limit=(\d{1,10}))?$/

/**
 * The AMQP property `type` of every item of podqueue. It names the delivery limit of the queue where the publisher knows it:
 * the worker that handles the last delivery then knows that it is the last. A header would cost the broker up to a seventh
 * of its rate, a property costs nothing that can be measured.
 */
export function itemType(deliveryLimit: number | undefined): string {
  return deliveryLimit === undefined ? 'podqueue' : `podqueue; delivery-limit=${deliveryLimit}`
}

/** Whether a message with this `type` was published by podqueue. */
export function isItemType(type: unknown): boolean {
  return typeof type === 'string' && TYPE.test(type)
}

/** The delivery limit in an item's `type`; undefined when its publisher did not know it. */
export function deliveryLimitIn(type: unknown): number | undefined {
  const limit = typeof type === 'string' ? TYPE.exec(type)?.[1] : undefined
  return limit === undefined ? undefined : Number(limit)
}
