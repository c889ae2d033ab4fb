import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Draft } from '../admission/prepare.ts'
import type { Models } from '../admission/schema.ts'
import type { Certificate } from '../certificate.ts'
import type { Faults } from '../faults.ts'
import type { Kubelet } from '../kubelet/kubelet.ts'
import type { Pod } from '../objects.ts'
import {
  badRequest,
  internal,
  methodNotAllowed,
  noSuchPath,
  StatusError,
  unauthorized,
  unsupportedMediaType,
} from '../status-error.ts'
import type { Store } from '../store/store.ts'
import { reviewAccess } from './access-review.ts'
import { discover } from './discovery.ts'
import { faultRequestOf, suffer } from './faulty-answer.ts'
import { type Answer, ObjectRequests } from './object-requests.ts'
import { openApi } from './openapi.ts'
import { podLog } from './pod-log.ts'
import { parseTarget, type RequestTarget } from './request-target.ts'
import { rowObjectOf, tableOf, wantsTable } from './table.ts'
import { isTrue, watch } from './watch-stream.ts'

/** Kubernetes' own limit of a request's body. */
const MAX_BODY_BYTES = 3 * 1024 * 1024
const JSON_TYPE = 'application/json'
const REVIEW_PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'

export interface ApiServerParts {
  readonly store: Store
  readonly kubelet: Kubelet
  readonly certificate: Certificate
  readonly token: string
  /** The cluster's own folder. */
  readonly folder: string
  /** What is to go wrong. */
  readonly faults: Faults
  /** The types that objects are checked against. */
  readonly models: Models
}

/** The HTTPS server: who asks, for what, and the answer. */
export class ApiServer implements AsyncDisposable {
  readonly #parts: ApiServerParts
  readonly #objects: ObjectRequests
  readonly #server: Server
  readonly #tokenDigest: Buffer

  private constructor(parts: ApiServerParts) {
    this.#parts = parts
    this.#objects = new ObjectRequests(parts.store, parts.models)
    this.#tokenDigest = digest(`Bearer ${parts.token}`)
    this.#server = createServer(parts.certificate, (request, response) => void this.#answer(request, response))
    // A kept connection must outlive the clients' own idea of how long it lasts, or their next request meets a reset.
    this.#server.keepAliveTimeout = 120_000
    this.#server.requestTimeout = 0
  }

  /** Listens on loopback, on a port that is free. */
  static async start(parts: ApiServerParts): Promise<ApiServer> {
    const server = new ApiServer(parts)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Ends every connection, watches included. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away in the middle is its own affair.
    response.on('error', () => {})
    try {
      const given = digest(request.headers.authorization ?? '')
      if (!timingSafeEqual(given, this.#tokenDigest)) throw unauthorized()
      const answer = await this.#dispatch(request, response)
      if (answer) send(response, answer)
    } catch (error) {
      const { status } = error instanceof StatusError ? error : internal(String(error))
      if (response.headersSent) response.destroy()
      else send(response, { code: status.code ?? 500, body: status })
    }
  }

  #read(
    target: RequestTarget,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Answer | undefined {
    const table = wantsTable(request.headers.accept)
    const include = rowObjectOf(query)
    if (isTrue(query.get('watch'))) {
      watch(this.#parts.store, target, query, request, response, table)
      return undefined
    }
    if (target.name !== undefined) {
      const object = this.#objects.get(target)
      return { code: 200, body: table ? tableOf(target.type, [object], object.metadata, include) : object }
    }
    const list = this.#objects.list(target, query)
    return { code: 200, body: table ? tableOf(target.type, list.items, list.metadata, include) : list }
  }

  /** Undefined when the answer is a stream that has been taken care of. */
  async #dispatch(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'https://local')
    const { method = 'GET' } = request
    const target = parseTarget(pathname)
    const asked = faultRequestOf(method, target, new URL(request.url ?? '/', 'https://local'))
    const fault = asked === undefined ? undefined : this.#parts.faults.next(asked)
    const { store } = this.#parts
    if (fault !== undefined && !(await suffer(fault, { store, request, response }))) return undefined
    const known = discover(pathname) ?? openApi(pathname)
    if (known !== undefined) {
      if (method !== 'GET') throw methodNotAllowed()
      return { code: 200, body: known }
    }
    if (pathname === REVIEW_PATH) {
      if (method !== 'POST') throw methodNotAllowed()
      return { code: 201, body: reviewAccess(await readBody(request)) }
    }
    if (!target) throw noSuchPath()
    const { name, subresource } = target
    const objects = this.#objects
    if (subresource === 'log') {
      if (method !== 'GET') throw methodNotAllowed()
      const { folder, kubelet } = this.#parts
      podLog(folder, kubelet, objects.get(target) as Pod, query, response)
      return undefined
    }
    switch (method) {
      case 'GET':
        return this.#read(target, query, request, response)
      case 'POST':
        if (name !== undefined || (target.type.namespaced && target.namespace === undefined)) throw methodNotAllowed()
        return objects.create(target, (await readBody(request)) as Draft, query)
      case 'PUT':
        if (name === undefined) throw methodNotAllowed()
        return objects.update(target, (await readBody(request)) as Draft, query)
      case 'PATCH':
        if (name === undefined) throw methodNotAllowed()
        return objects.patch(target, request.headers['content-type'], await readJson(request), query)
      case 'DELETE': {
        // A collection is that of one namespace.
        const everywhere = name === undefined && target.namespace === undefined
        if (subresource !== undefined || everywhere) throw methodNotAllowed()
        const options = (await readJson(request)) ?? {}
        return name === undefined
          ? objects.deleteCollection(target, options, query)
          : objects.delete(target, options, query)
      }
      default:
        throw methodNotAllowed()
    }
  }
}

function send(response: ServerResponse, { code, body, warnings = [] }: Answer): void {
  const plain = typeof body === 'string'
  for (const text of warnings) response.appendHeader('warning', `299 - ${JSON.stringify(text)}`)
  response.writeHead(code, {
    'content-type': plain ? 'text/plain' : 'application/json',
    'cache-control': 'no-cache, private',
  })
  response.end(plain ? body : `${JSON.stringify(body)}\n`)
}

/** An object, with what is null left out: to Kubernetes that is the same. */
async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const type = request.headers['content-type']?.split(';')[0]?.trim() ?? JSON_TYPE
  if (type !== JSON_TYPE) {
    const why = 'the body of the request was in an unknown format - accepted media types include: application/json'
    throw unsupportedMediaType(why)
  }
  const body = await readJson(request)
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('the object provided is unrecognized')
  return withoutNulls(body) as Record<string, unknown>
}

// biome-ignore lint/suspicious/noExplicitAny: what a client sends may be anything
async function readJson(request: IncomingMessage): Promise<any> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES)
      throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`)
    chunks.push(chunk)
  }
  if (bytes === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: json parse error: ${(error as Error).message}`)
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (inner === null ? [] : [[name, withoutNulls(inner)]])),
  )
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
