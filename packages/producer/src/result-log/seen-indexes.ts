/** A set of indexes, in one bit each. */
export class SeenIndexes {
  #bits: Uint8Array = new Uint8Array(1_024)
  #size = 0

  get size(): number {
    return this.#size
  }

  has(index: number): boolean {
    return ((this.#bits[Math.floor(index / 8)] ?? 0) & (1 << (index % 8))) !== 0
  }

  /** Adds an index. Returns false when it was there. */
  add(index: number): boolean {
    if (this.has(index)) return false
    const at = Math.floor(index / 8)
    if (at >= this.#bits.length) {
      const bits = new Uint8Array(Math.max(at + 1, this.#bits.length * 2))
      bits.set(this.#bits)
      this.#bits = bits
    }
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (index % 8))
    this.#size += 1
    return true
  }
}
