import type { Parcel } from './ledger.ts'

const FIRST_SIZE = 64

/**
 * What was published on one channel and is not settled, by tag: the number from 1 that the broker counts by. Pure.
 *
 * A ring, not a Map: a Map that is written to and deleted from for long leaves tables behind that hold one another and
 * all that was ever in them until the next full collection, and the heap of a long call grows by tens of megabytes.
 */
export class InFlight {
  #ring: (Parcel | undefined)[] = new Array(FIRST_SIZE).fill(undefined)
  #first = 1
  #next = 1
  #size = 0
  /**
   * The tag of each message that its id tells from all others. Undefined as long as it is not needed: while all ids are of
   * this call's own making, and nothing came back.
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
   * Adds a parcel under the next tag. Returns the tag where it must be sent along for a return to tell which message it
   * is: where another with the same id is in flight that went without. Undefined for all others.
   */
  add(parcel: Parcel): number | undefined {
    if (this.#next - this.#first === this.#ring.length) this.#grow()
    const tag = this.#next
    // The first id that the app gave: it may be any, also one that this call has made.
    if (!parcel.isIdUnique) this.#tags ??= new Map(this.#ids())
    this.#ring[this.#slot(tag)] = parcel
    this.#next += 1
    this.#size += 1
    if (this.#tags === undefined) return undefined
    if (this.#tags.has(parcel.id)) return tag
    this.#tags.set(parcel.id, tag)
    return undefined
  }

  /** The tag of the message that came back with this id, and this number where one was sent along. */
  find(id: unknown, sequence: unknown): number | undefined {
    if (typeof sequence === 'number' && this.#at(sequence)?.id === id) return sequence
    this.#tags ??= new Map(this.#ids())
    return this.#tags.get(id as string)
  }

  /** Takes the parcel with this tag out; undefined when it is not there. */
  take(tag: number): Parcel | undefined {
    const parcel = this.#at(tag)
    if (parcel === undefined) return undefined
    this.#ring[this.#slot(tag)] = undefined
    this.#size -= 1
    while (this.#first < this.#next && this.#at(this.#first) === undefined) this.#first += 1
    if (this.#tags?.get(parcel.id) === tag) this.#tags.delete(parcel.id)
    return parcel
  }

  #at(tag: number): Parcel | undefined {
    return tag >= this.#first && tag < this.#next ? this.#ring[this.#slot(tag)] : undefined
  }

  #slot(tag: number): number {
    return tag % this.#ring.length
  }

  *#ids(): Generator<[string, number]> {
    for (let tag = this.#first; tag < this.#next; tag++) {
      const parcel = this.#at(tag)
      if (parcel !== undefined) yield [parcel.id, tag]
    }
  }

  #grow(): void {
    const larger = new Array<Parcel | undefined>(this.#ring.length * 2).fill(undefined)
    for (let tag = this.#first; tag < this.#next; tag++) larger[tag % larger.length] = this.#at(tag)
    this.#ring = larger
  }
}
