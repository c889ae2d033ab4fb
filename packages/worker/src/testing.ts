/**
 * Items for the tests of a handler, without a broker.
 *
 * @module
 */

import '@internal/node-version'

import { type Names, Problems } from '@internal/options'
import { toWorkerError } from './errors.ts'
import { type Item, type ItemFields, makeItem } from './item/item.ts'

export type { Item } from './item/item.ts'

const FIELDS: Names<Omit<ItemFields, 'body'>> = {
  queue: true,
  id: true,
  contentType: true,
  headers: true,
  priority: true,
  redelivered: true,
  deliveryCount: true,
}

/**
 * An item as a handler gets it. A string becomes its UTF-8 bytes, bytes stay as they are, anything else becomes JSON.
 *
 * @param overrides any field of an item; default: queue `test`, no id, first delivery
 * @throws {WorkerError} `INVALID_OPTIONS` for a field that an item does not have
 * @example
 * ```ts
 * await handler(createTestItem({ frame: 7 }, { id: 'frame-7' }), { signal: new AbortController().signal })
 * ```
 */
export function createTestItem(body: unknown, overrides: Partial<Omit<ItemFields, 'body'>> = {}): Item {
  const problems = new Problems()
  problems.options<Partial<Omit<ItemFields, 'body'>>>('overrides', overrides, FIELDS)
  problems.throwAs('createTestItem', toWorkerError)
  const [bytes, contentType] = encoded(body)
  return makeItem({
    queue: 'test',
    id: undefined,
    contentType,
    headers: {},
    priority: undefined,
    redelivered: false,
    deliveryCount: 1,
    ...overrides,
    body: bytes,
  })
}

function encoded(body: unknown): [Buffer, string] {
  if (typeof body === 'string') return [Buffer.from(body), 'text/plain']
  if (body instanceof Uint8Array) return [Buffer.from(body), 'application/octet-stream']
  const text = JSON.stringify(body)
  if (text === undefined) throw new TypeError('The body of an item cannot be undefined, a function or a symbol.')
  return [Buffer.from(text), 'application/json']
}
