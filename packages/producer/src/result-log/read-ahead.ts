/** The bytes that are read ahead, about. */
const BYTES = 32 * 1024 * 1024
/** Few until it is known how large the results are: each may be a megabyte. */
const FIRST = 32
const MOST = 1_000

/** How many records of a log are read ahead, by how large they are: the broker counts messages and no bytes. */
export class ReadAhead {
  #records = FIRST
  #passed = 0
  #bytes = 0

  /** The number to open the next reader with. */
  get records(): number {
    return this.#records
  }

  /** Notes a record that has passed. */
  passed(bytes: number): void {
    this.#passed += 1
    this.#bytes += bytes
  }

  /** Takes account of the records since the last call. Returns whether a new reader is to read another number ahead. */
  adapt(): boolean {
    if (this.#passed < FIRST) return false
    const fitting = Math.min(MOST, Math.max(1, Math.floor(BYTES / Math.max(1, this.#bytes / this.#passed))))
    this.#passed = 0
    this.#bytes = 0
    if (fitting < this.#records * 2 && fitting > this.#records / 2) return false
    this.#records = fitting
    return true
  }
}
