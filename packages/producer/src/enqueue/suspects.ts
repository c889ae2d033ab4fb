import type { EncodedItem } from '../items/encoded-item.ts'

/** Items that are published again with few at a time in flight, until all of them are settled. */
interface Group {
  /** How many of them are not settled. */
  remaining: number
  /** How many of them may be in flight at once. */
  readonly limit: number
}

/** Groups of at most this size are published one by one. */
const SMALL = 8

/**
 * Finds the item for which the broker closes a channel or a connection. The broker does not say which it is, so every item
 * that was in flight is a suspect. They are published again in smaller and smaller groups. An item that was alone in flight at
 * two closes is to blame; all others are confirmed on the way. Pure.
 */
export class Suspects {
  /** The innermost group is the last: each is a part of the one before it. */
  #groups: Group[] = []
  #alone: EncodedItem | undefined

  /** How many items may be in flight; undefined when there are no suspects. */
  get limit(): number | undefined {
    const group = this.#groups.at(-1)
    return group === undefined ? undefined : Math.min(group.limit, group.remaining)
  }

  /**
   * The broker closed the channel for an item among those in flight.
   *
   * @returns the item to blame, once it is known
   */
  closed(inFlight: readonly EncodedItem[]): EncodedItem | undefined {
    const [first] = inFlight
    if (first === undefined) return undefined
    if (inFlight.length === 1 && this.#alone === first) {
      this.#alone = undefined
      this.settled()
      return first
    }
    this.#alone = inFlight.length === 1 ? first : undefined
    const limit = inFlight.length > SMALL ? Math.ceil(Math.sqrt(inFlight.length)) : 1
    this.#groups.push({ remaining: inFlight.length, limit })
    return undefined
  }

  /** Items that were in flight have their fate. */
  settled(count = 1): void {
    if (this.#groups.length === 0) return
    for (const group of this.#groups) group.remaining -= count
    this.#groups = this.#groups.filter(({ remaining }) => remaining > 0)
  }
}
