/**
 * Checked headers in the form in which amqplib's `publish` keeps their types: it takes a Date for a table, refuses a BigInt and
 * some large numbers, and reads an object with the field `!` as the name of a type.
 */
export function toAmqplibHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, toAmqplibValue(value)]))
}

function toAmqplibValue(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return { '!': 'double', value }
  if (typeof value === 'bigint') return { '!': 'int64', value }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (value instanceof Date) return { '!': 'timestamp', value: value.getTime() / 1_000 }
  if (Array.isArray(value)) return value.map(toAmqplibValue)
  const table = toAmqplibHeaders(value as Record<string, unknown>)
  return Object.hasOwn(table, '!') ? { '!': 'object', value: table } : table
}
