import { randomUUID } from 'node:crypto'
import { badRequest, StatusError } from '../answers/status-error.ts'
import type { KubeObject } from '../objects/objects.ts'

/** Lists that clients may still be reading page by page; the oldest is forgotten first. */
const MAX_OPEN = 64

interface OpenList {
  readonly items: readonly KubeObject[]
  readonly version: number
}

/** One page of a list. `version` is that of the whole: its pages together are one moment. */
export interface Page {
  readonly items: readonly KubeObject[]
  readonly version: number
  readonly next?: { readonly continue: string; readonly remainingItemCount?: number }
}

/** Remembers what is left of lists that were asked for with `limit`. */
export class ListPages {
  readonly #open = new Map<string, OpenList>()

  /** The first page. `counted`: whether to say how many are left, which Kubernetes does only without selectors. */
  first(items: readonly KubeObject[], version: number, limit: number, counted: boolean): Page {
    return this.#page({ items, version }, limit, counted)
  }

  /**
   * A further page. Throws a 410 when its list has been forgotten, or `isKnown` says that of its version, and a 400 for a
   * token that never was one.
   */
  next(token: string, limit: number, counted: boolean, isKnown: (version: number) => boolean): Page {
    const list = this.#open.get(token)
    if (list && isKnown(list.version)) return this.#page(list, limit, counted)
    if (!/^[0-9a-f-]{36}$/.test(token)) throw badRequest('invalid continue token: continue key is not valid')
    const message =
      'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.'
    throw new StatusError(410, 'Expired', message)
  }

  #page({ items, version }: OpenList, limit: number, counted: boolean): Page {
    if (limit <= 0 || items.length <= limit) return { items, version }
    const token = randomUUID()
    this.#open.set(token, { items: items.slice(limit), version })
    const [oldest] = this.#open.keys()
    if (this.#open.size > MAX_OPEN && oldest !== undefined) this.#open.delete(oldest)
    const left = counted && { remainingItemCount: items.length - limit }
    return { items: items.slice(0, limit), version, next: { continue: token, ...left } }
  }
}
