import type { Item } from '../item/item.ts'

/** The second argument of a handler. */
export interface HandlerContext {
  /** Aborts when the hold on the item is lost, or when the worker has to end. Then stop and clean up. */
  readonly signal: AbortSignal
}

/**
 * Does the work of one item. When it resolves, the item is acked. When it throws, the item goes back to the queue, and the
 * attempt counts toward the delivery limit of the queue.
 */
export type Handler<R = unknown> = (item: Item, context: HandlerContext) => R | Promise<R>
