/**
 * Headers in the bytes of AMQP 0-9-1 with RabbitMQ's types
 * (https://www.rabbitmq.com/amqp-0-9-1-errata#section_3): the fields only, without the length before them.
 *
 * @throws {TypeError} naming the path of what AMQP cannot hold
 */
export function encodeFields(fields: Readonly<Record<string, unknown>>): Buffer {
  return encodeTable(fields, 'headers', 0)
}

function encodeTable(fields: object, path: string, depth: number): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    const key = Buffer.from(name)
    if (key.length > 255) throw new TypeError(`A name in ${path} is ${key.length} bytes long; AMQP's limit is 255.`)
    parts.push(Buffer.from([key.length]), key, encodeValue(value, `${path}.${name}`, depth))
  }
  return Buffer.concat(parts)
}

const MAX_DEPTH = 32

function encodeValue(value: unknown, path: string, depth: number): Buffer {
  if (depth > MAX_DEPTH)
    throw new TypeError(`${path} is nested too deep, or refers back to an object that it is part of.`)
  switch (typeof value) {
    case 'string':
      return withLength('S', Buffer.from(value))
    case 'boolean':
      return Buffer.from([0x74, value ? 1 : 0])
    case 'number':
      return encodeNumber(value)
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw new TypeError(`${path} needs more than the 64 bits of AMQP.`)
      return encodeLong(value)
    case 'object':
      return encodeObject(value, path, depth)
    default:
      throw new TypeError(`${path} is of type ${typeof value}, which AMQP cannot hold.`)
  }
}

function encodeObject(value: object | null, path: string, depth: number): Buffer {
  if (value === null) return Buffer.from('V')
  if (ArrayBuffer.isView(value)) return withLength('x', Buffer.from(value.buffer, value.byteOffset, value.byteLength))
  if (value instanceof Date) {
    const seconds = Buffer.alloc(9, 'T')
    seconds.writeBigInt64BE(BigInt(Math.floor(value.getTime() / 1_000)), 1)
    return seconds
  }
  if (Array.isArray(value)) {
    const elements = value.map((element, index) => encodeValue(element, `${path}[${index}]`, depth + 1))
    return withLength('A', Buffer.concat(elements))
  }
  return withLength('F', encodeTable(value, path, depth + 1))
}

function encodeNumber(value: number): Buffer {
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
