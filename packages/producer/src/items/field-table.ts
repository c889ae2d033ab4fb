import { types } from 'node:util'

/** Headers that AMQP can hold: a copy in plain values, and the same in AMQP's bytes without the length before them. */
export interface FieldTable {
  readonly fields: Readonly<Record<string, unknown>>
  readonly bytes: Buffer
}

/**
 * Encodes headers in AMQP 0-9-1 with RabbitMQ's types (https://www.rabbitmq.com/amqp-0-9-1-errata#section_3). Each value is
 * read once, so that the checked value is also the one that is sent.
 *
 * @throws {TypeError} naming the path of a value that AMQP or RabbitMQ cannot hold
 */
export function encodeFieldTable(headers: object): FieldTable {
  return encodeTable(headers, 'headers', new Set())
}

/** A value that was checked: its plain copy and its bytes, type tag included. */
interface Field {
  readonly plain: unknown
  readonly bytes: Buffer
}

/** Deeper nesting than this is a mistake, and would cost the broker stack. */
const MAX_DEPTH = 32

function encodeTable(table: object, path: string, parents: ReadonlySet<object>): FieldTable {
  const parts: Buffer[] = []
  const fields: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(table)) {
    if (value === undefined) continue
    const key = Buffer.from(name)
    if (key.length > 255) throw new TypeError(`A name in ${path} is ${key.length} bytes long; AMQP's limit is 255.`)
    const field = encodeValue(value, `${path}.${name}`, parents)
    fields[name] = field.plain
    parts.push(Buffer.from([key.length]), key, field.bytes)
  }
  return { fields, bytes: Buffer.concat(parts) }
}

function encodeValue(value: unknown, path: string, parents: ReadonlySet<object>): Field {
  switch (typeof value) {
    case 'string':
      return { plain: value, bytes: withLength('S', Buffer.from(value)) }
    case 'boolean':
      return { plain: value, bytes: Buffer.from([0x74, value ? 1 : 0]) }
    case 'number':
      return { plain: value, bytes: encodeNumber(value, path) }
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw new TypeError(`${path} needs more than the 64 bits of AMQP.`)
      return { plain: value, bytes: encodeLong(value) }
    case 'object':
      return encodeObject(value, path, parents)
    default:
      throw new TypeError(
        `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}, which AMQP cannot hold.`,
      )
  }
}

function encodeObject(value: object | null, path: string, parents: ReadonlySet<object>): Field {
  if (value === null) return { plain: null, bytes: Buffer.from('V') }
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    const bytes = ArrayBuffer.isView(value)
      ? Buffer.from(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
      : Buffer.from(Buffer.from(value))
    return { plain: bytes, bytes: withLength('x', bytes) }
  }
  if (types.isDate(value)) return encodeTimestamp(value, path)
  if (parents.has(value)) throw new TypeError(`${path} refers back to an object that it is part of.`)
  if (parents.size >= MAX_DEPTH) throw new TypeError(`${path} is nested more than ${MAX_DEPTH} levels deep.`)
  const within = new Set(parents).add(value)
  if (Array.isArray(value)) {
    const elements = Array.from(value, (element, index) => encodeValue(element, `${path}[${index}]`, within))
    const bytes = withLength('A', Buffer.concat(elements.map((element) => element.bytes)))
    return { plain: elements.map((element) => element.plain), bytes }
  }
  if (!isTable(value)) {
    throw new TypeError(`${path} is an object of which AMQP would keep nothing: send it as a string or a plain object.`)
  }
  const { fields, bytes } = encodeTable(value, path, within)
  return { plain: fields, bytes: withLength('F', bytes) }
}

/** Whether the enumerable fields of an object are its content: those of a Map, a URL or a boxed value are not. */
function isTable(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return !isEmptyKind(value)
  return Object.keys(value).length > 0 && !isEmptyKind(value)
}

/** Objects that keep their content where no field shows it, whether or not they have fields as well. */
function isEmptyKind(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isPromise(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isBoxedPrimitive(value)
  )
}

/** Timestamps are whole seconds from 1970 on (https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, 4.2.5.4). */
function encodeTimestamp(date: Date, path: string): Field {
  const seconds = Math.floor(date.getTime() / 1_000)
  if (!(seconds >= 0)) {
    throw new TypeError(
      `${path} is ${Number.isNaN(seconds) ? 'an invalid Date' : 'a Date before 1970'}, which AMQP cannot hold.`,
    )
  }
  const bytes = Buffer.alloc(9, 'T')
  bytes.writeBigUInt64BE(BigInt(seconds), 1)
  return { plain: new Date(seconds * 1_000), bytes }
}

function encodeNumber(value: number, path: string): Buffer {
  // RabbitMQ cannot read such a double and closes the whole connection.
  if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}, which RabbitMQ cannot hold.`)
  if (Number.isSafeInteger(value)) {
    if (value < -(2 ** 31) || value >= 2 ** 31) return encodeLong(BigInt(value))
    const int = Buffer.alloc(5, 'I')
    int.writeInt32BE(value, 1)
    return int
  }
  const double = Buffer.alloc(9, 'd')
  double.writeDoubleBE(value, 1)
  return double
}

function encodeLong(value: bigint): Buffer {
  const long = Buffer.alloc(9, 'l')
  long.writeBigInt64BE(value, 1)
  return long
}

function withLength(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5, type)
  head.writeUInt32BE(content.length, 1)
  return Buffer.concat([head, content])
}
