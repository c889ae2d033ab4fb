import { types } from 'node:util'
import { ProducerError } from '../errors.ts'

/**
 * The source of items: an array, a Set, a generator, or any other iterable or async iterable. Strings and byte arrays are
 * excluded: each of their characters or bytes would be an item.
 */
export type Items<T = unknown> = (Iterable<T> | AsyncIterable<T>) & {
  readonly charAt?: never
  readonly byteLength?: never
}

/** The part of an iterator that is used, sync or async. */
export interface ItemIterator {
  next(): IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>>
  return?(): unknown
}

/** @throws {ProducerError} `INVALID_ITEMS` */
export function checkItems(items: unknown): void {
  const problem =
    typeof items === 'string'
      ? 'is a string: each character would be an item'
      : ArrayBuffer.isView(items) || types.isAnyArrayBuffer(items)
        ? 'is a byte array: each byte would be an item'
        : isIterable(items)
          ? undefined
          : 'cannot be iterated over'
  if (problem !== undefined) throw invalidItems(problem)
}

function isIterable(items: unknown): boolean {
  if (typeof items !== 'object' || items === null) return false
  try {
    const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = items as Partial<Record<symbol, unknown>>
    return typeof (async ?? sync) === 'function'
  } catch {
    return false
  }
}

/**
 * Begins to iterate.
 *
 * @throws {ProducerError} `INVALID_ITEMS` when the app's iterable does not return an iterator
 */
export function iterate(items: Items): ItemIterator {
  let iterator: unknown
  try {
    const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = items as Partial<AsyncIterable<unknown>> &
      Partial<Iterable<unknown>>
    iterator = ((async ?? sync) as (() => unknown) | undefined)?.call(items)
    if (
      typeof iterator === 'object' &&
      iterator !== null &&
      'next' in iterator &&
      typeof iterator.next === 'function'
    ) {
      return iterator as ItemIterator
    }
  } catch (cause) {
    throw invalidItems('throws when its iterator is asked for', cause)
  }
  throw invalidItems('does not return an iterator')
}

function invalidItems(problem: string, cause?: unknown): ProducerError<'INVALID_ITEMS'> {
  return new ProducerError({
    code: 'INVALID_ITEMS',
    message: `enqueue: items ${problem}.`,
    hint: 'Give an array, a Set, a generator or another (async) iterable; for a single item, [item].',
    details: {},
    cause,
  })
}
