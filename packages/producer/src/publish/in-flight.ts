import type { EncodedItem } from '../items/encoded-item.ts'

const FIRST_SIZE = 64

/**
 * The items that are published on one channel and not settled, by tag: the number from 1 that the broker counts by. Pure.
 *
 * It is a ring and not a Map: a Map that is written to and deleted from for a long time leaves tables behind that hold one
 * another and everything that was ever in them until the next full collection, and the heap of a long call grows by tens of
 * megabytes.
 */
export class InFlight {
  #ring: (EncodedItem | undefined)[] = new Array(FIRST_SIZE).fill(undefined)
  #first = 1
  #next = 1
  #size = 0
  /**
   * The tag of each message whose id tells it from all others. Undefined until it is needed: the app gave an id, or a message
   * was returned.
   */
  #tags: Map<string, number> | undefined

  get size(): number {
    return this.#size
  }

  /** The lowest tag that may be in flight. */
  get first(): number {
    return this.#first
  }

  /**
   * Adds an item under the next tag. Returns the tag when it must be sent along, because another message with the same id is
   * in flight without it, and a return could be of either. Returns undefined for all others.
   */
  add(item: EncodedItem): number | undefined {
    if (this.#next - this.#first === this.#ring.length) this.#grow()
    const tag = this.#next
    // The first id that the app gave: it may be any, also one that this call has made.
    if (!item.isIdUnique) this.#tags ??= new Map(this.#ids())
    this.#ring[this.#slot(tag)] = item
    this.#next += 1
    this.#size += 1
    if (this.#tags === undefined) return undefined
    if (this.#tags.has(item.id)) return tag
    this.#tags.set(item.id, tag)
    return undefined
  }

  /** The tag of the message that was returned with this id, and with this number if one was sent along. */
  find(id: unknown, sequence: unknown): number | undefined {
    if (typeof sequence === 'number' && this.#at(sequence)?.id === id) return sequence
    this.#tags ??= new Map(this.#ids())
    return this.#tags.get(id as string)
  }

  /** Takes back the last {@link add}: the message was not sent after all. */
  undo(): EncodedItem | undefined {
    const item = this.take(this.#next - 1)
    if (item === undefined) return undefined
    this.#next -= 1
    this.#first = Math.min(this.#first, this.#next)
    return item
  }

  /** Takes the item with this tag out; undefined when it is not there. */
  take(tag: number): EncodedItem | undefined {
    const item = this.#at(tag)
    if (item === undefined) return undefined
    this.#ring[this.#slot(tag)] = undefined
    this.#size -= 1
    while (this.#first < this.#next && this.#at(this.#first) === undefined) this.#first += 1
    if (this.#tags?.get(item.id) === tag) this.#tags.delete(item.id)
    return item
  }

  #at(tag: number): EncodedItem | undefined {
    return tag >= this.#first && tag < this.#next ? this.#ring[this.#slot(tag)] : undefined
  }

  #slot(tag: number): number {
    return tag % this.#ring.length
  }

  *#ids(): Generator<[string, number]> {
    for (let tag = this.#first; tag < this.#next; tag++) {
      const item = this.#at(tag)
      if (item !== undefined) yield [item.id, tag]
    }
  }

  #grow(): void {
    const larger = new Array<EncodedItem | undefined>(this.#ring.length * 2).fill(undefined)
    for (let tag = this.#first; tag < this.#next; tag++) larger[tag % larger.length] = this.#at(tag)
    this.#ring = larger
  }
}
