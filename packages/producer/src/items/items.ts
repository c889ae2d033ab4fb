import { ProducerError } from '../errors.ts'

/**
 * Where items are read from: a list, a Set, a generator, any iterable or async iterable. Not a string, which would be one
 * item a character, and not a byte array.
 */
export type Items<T = unknown> = (Iterable<T> | AsyncIterable<T>) & {
  readonly charAt?: never
  readonly byteLength?: never
}

/** @throws {ProducerError} `INVALID_ITEMS` */
export function checkItems(items: unknown): void {
  const what =
    typeof items === 'string'
      ? 'a string, which would be one item a character'
      : ArrayBuffer.isView(items) || items instanceof ArrayBuffer
        ? 'a byte array, which would be one item a byte'
        : typeof items !== 'object' || items === null || !(Symbol.iterator in items || Symbol.asyncIterator in items)
          ? 'nothing that can be iterated over'
          : undefined
  if (what === undefined) return
  throw new ProducerError({
    code: 'INVALID_ITEMS',
    message: `enqueue: items is ${what}.`,
    hint: 'Give a list, a Set, a generator or another (async) iterable; for a single item, [item].',
  })
}

/** The slice of an iterator that is used: sync or async. */
export interface ItemIterator {
  next(): IteratorResult<unknown> | Promise<IteratorResult<unknown>>
  return?(): unknown
}

export function iterate(items: Items): ItemIterator {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
}
