import type { IncomingMessage } from 'node:http'
import { badRequest, StatusError, unsupportedMediaType } from '../../answers/status-error.ts'

/** The limit of Kubernetes for the body of a request. */
const MAX_BODY_BYTES = 3 * 1024 * 1024
/** The deepest nesting that is read. Kubernetes reads 10,000 levels; no object that it serves has 100. */
const MAX_DEPTH = 1000
const JSON_TYPE = 'application/json'
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'

/** An object that a client sent. Fields that are null are left out: to Kubernetes that is the same. */
export async function readObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await readDecoded(request)
  if (!isObject(body)) throw badRequest('the object provided is unrecognized')
  return withoutNulls(body) as Record<string, unknown>
}

/** The options in the body of a request to delete. An empty body has none. */
export async function readOptions(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = (await readDecoded(request)) ?? {}
  if (!isObject(body)) throw badRequest('the object provided is unrecognized')
  return withoutNulls(body) as Record<string, unknown>
}

/** A patch as it was sent, with its nulls: they delete fields. */
export async function readPatch(request: IncomingMessage): Promise<unknown> {
  return parseJson(await readBytes(request))
}

/** Throws a 400 for a value that is nested too deep for what reads it next. */
export function checkDepth(value: unknown): void {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw badRequest('the object provided is unrecognized: json parse error: exceeded max depth')
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
}

async function readDecoded(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBytes(request)
  if (bytes.length === 0) return undefined
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() || JSON_TYPE
  if (type === JSON_TYPE) return parseJson(bytes)
  if (type === PROTOBUF_TYPE) {
    // Loaded by the first client that needs it.
    const { decodeProtobuf } = await import('../protobuf/decode.ts')
    return decodeProtobuf(bytes)
  }
  const types = `${JSON_TYPE}, ${PROTOBUF_TYPE}`
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${types}`,
  )
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES)
      throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: json parse error: ${(error as Error).message}`)
  }
  checkDepth(value)
  return value
}

/** Whether a value has fields: not an array, not null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (inner === null ? [] : [[name, withoutNulls(inner)]])),
  )
}
