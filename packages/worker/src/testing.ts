/**
 * Items for the tests of a handler, without a broker.
 *
 * @module
 */

import '@internal/node-version'

import { queueNameProblem } from '@internal/contract'
import { type Names, Problems, showKind } from '@internal/options'
import { toWorkerError } from './errors.ts'
import { type Item, type ItemFields, makeItem } from './item/item.ts'

export type { Item } from './item/item.ts'

const FIELDS: Names<Omit<ItemFields, 'body'>> = {
  queue: true,
  id: true,
  contentType: true,
  headers: true,
  priority: true,
  wantsResult: true,
  redelivered: true,
  deliveryCount: true,
}

/**
 * An item as a handler gets it. A string becomes its UTF-8 bytes, bytes stay as they are, anything else becomes JSON.
 *
 * @param overrides any field of an item; default: queue `test`, no id, first delivery
 * @throws {WorkerError} `INVALID_OPTIONS` for a field that an item does not have, and a queue or an id that cannot be one
 * @example
 * ```ts
 * await handler(createTestItem({ frame: 7 }, { id: 'frame-7' }), { signal: new AbortController().signal })
 * ```
 */
export function createTestItem(body: unknown, overrides: Partial<Omit<ItemFields, 'body'>> = {}): Item {
  const problems = new Problems()
  const fields = problems.options<Partial<Omit<ItemFields, 'body'>>>('overrides', overrides, FIELDS)
  const wrongQueue = fields.queue === undefined ? undefined : queueNameProblem(fields.queue)
  if (wrongQueue !== undefined) problems.add('queue', wrongQueue)
  if (fields.id !== undefined && typeof fields.id !== 'string') problems.add('id', 'must be a string')
  const [bytes, contentType] = encoded(problems, body)
  problems.throwAs('createTestItem', toWorkerError)
  return makeItem({
    queue: 'test',
    id: undefined,
    contentType,
    headers: {},
    priority: undefined,
    wantsResult: false,
    redelivered: false,
    deliveryCount: 1,
    ...fields,
    body: bytes,
  })
}

function encoded(problems: Problems, body: unknown): [Buffer, string] {
  if (typeof body === 'string') return [Buffer.from(body), 'text/plain']
  if (ArrayBuffer.isView(body)) {
    return [Buffer.from(body.buffer, body.byteOffset, body.byteLength), 'application/octet-stream']
  }
  return [Buffer.from(json(body) ?? refused(problems, body)), 'application/json']
}

function json(body: unknown): string | undefined {
  try {
    return JSON.stringify(body)
  } catch {
    // A cycle, a bigint, or a toJSON that throws.
    return undefined
  }
}

function refused(problems: Problems, body: unknown): string {
  problems.add('body', `must be a string, bytes, or a value that JSON can hold, not ${showKind(body)}`)
  return ''
}
