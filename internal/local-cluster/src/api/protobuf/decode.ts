import protobuf from 'protobufjs/light.js'
import { badRequest } from '../../answers/status-error.ts'
import { MESSAGE_NAMES, messageType } from './message-types.ts'

/** The bytes before every message of Kubernetes. */
const MAGIC = Buffer.from('k8s\0')
/** protobufjs reads those of 64 bits as objects. */
const NUMBERS = ['int32', 'int64', 'uint32', 'double']

type Values = Readonly<Record<string, unknown>>

/** The messages that JSON writes as a plain value. */
const PLAIN: Readonly<Record<string, (message: Values) => unknown>> = {
  Time: timeOf,
  MicroTime: timeOf,
  Quantity: ({ string }) => string,
  IntOrString: ({ type, intVal, strVal }) => (Number(type ?? 0) === 0 ? Number(intVal ?? 0) : (strVal ?? '')),
  RawExtension: rawOf,
  FieldsV1: rawOf,
}

/**
 * Reads an object that a client sent as protobuf, and returns it as JSON would have it. Throws a 400 when the bytes are no
 * object, or an object of a kind that no request here takes.
 *
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export function decodeProtobuf(bytes: Uint8Array): Record<string, unknown> {
  const given = Buffer.from(bytes)
  if (!given.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest('the object provided is unrecognized: the bytes of a protobuf object must begin with "k8s\\x00"')
  }
  const { typeMeta, raw } = read('Unknown', given.subarray(MAGIC.length))
  const { apiVersion = '', kind = '' } = (typeMeta ?? {}) as { apiVersion?: string; kind?: string }
  if (!MESSAGE_NAMES.includes(kind)) throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}"`)
  const message = read(kind, (raw ?? new Uint8Array()) as Uint8Array)
  return { apiVersion, kind, ...(jsonOf(messageType(kind), message) as Values) }
}

function read(type: string, bytes: Uint8Array): Values {
  try {
    return messageType(type).decode(bytes) as unknown as Values
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`)
  }
}

/** A message as JSON has it. */
function jsonOf(type: protobuf.Type, message: Values): unknown {
  const plain = PLAIN[type.name]
  if (plain) return plain(message)
  const object: Record<string, unknown> = {}
  for (const field of type.fieldsArray) {
    // protobufjs gives every message its lists and maps. Any other field that was not sent is not the message's own.
    const value = message[field.name]
    if (!Object.hasOwn(message, field.name) || isEmpty(field, value)) continue
    if (field.options?.list) return value
    if (field.options?.inline) Object.assign(object, fieldValue(field, value))
    else if (field.map) {
      const entries = Object.entries(value as Values).map(([key, each]) => [key, fieldValue(field, each)])
      object[field.name] = Object.fromEntries(entries)
    } else if (field.repeated) object[field.name] = (value as unknown[]).map((each) => fieldValue(field, each))
    else if (!isUnset(field, value)) object[field.name] = fieldValue(field, value)
  }
  return object
}

function isEmpty(field: protobuf.Field, value: unknown): boolean {
  return (field.repeated || field.map) && Object.keys(value as object).length === 0
}

/** Go sends the zero of a plain field that was never set. JSON leaves it out, unless the field is a pointer or required. */
function isUnset({ options, type }: protobuf.Field, value: unknown): boolean {
  if (options?.keepZero) return false
  return value === '' || value === false || (NUMBERS.includes(type) && Number(value) === 0)
}

function fieldValue({ resolvedType, type }: protobuf.Field, value: unknown): unknown {
  if (resolvedType instanceof protobuf.Type) return jsonOf(resolvedType, value as Values)
  if (type === 'bytes') return Buffer.from(value as Uint8Array).toString('base64')
  return NUMBERS.includes(type) ? Number(value) : value
}

/** RFC 3339, with the fraction of a MicroTime. A time that was never set has no seconds. */
function timeOf(message: Values): string | null {
  if (!Object.hasOwn(message, 'seconds')) return null
  const { seconds, nanos } = message
  const micros = Math.floor(Number(nanos ?? 0) / 1000)
  const date = new Date(Number(seconds) * 1000)
  if (Number.isNaN(date.getTime())) throw badRequest('the object provided is unrecognized: a time is out of range')
  const whole = date.toISOString().slice(0, 19)
  return micros === 0 ? `${whole}Z` : `${whole}.${String(micros).padStart(6, '0')}Z`
}

function rawOf({ raw }: Values): unknown {
  try {
    return JSON.parse(Buffer.from(raw as Uint8Array).toString())
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: json parse error: ${(error as Error).message}`)
  }
}
