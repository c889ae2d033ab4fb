import type { Item } from '../item/item.ts'

/** What a handler gets besides its item. */
export interface HandlerContext {
  /** Aborts when the hold on the item is lost, or when the worker has to end: stop, and clean up. */
  readonly signal: AbortSignal
}

/**
 * Does the work of one item. When it resolves, the item is acked; when it throws, the item goes back to the queue and the
 * attempt counts toward the queue's delivery limit.
 */
export type Handler<R = unknown> = (item: Item, context: HandlerContext) => R | Promise<R>
