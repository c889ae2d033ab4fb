import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Draft } from '../admission/prepare.ts'
import type { Models } from '../admission/schema.ts'
import { badRequest, methodNotAllowed } from '../answers/status-error.ts'
import type { Faults } from '../faults/faults.ts'
import type { Kubelet } from '../kubelet/kubelet.ts'
import type { Pod } from '../objects/objects.ts'
import type { Store } from '../store/store.ts'
import type { Answer } from './answer.ts'
import { discover } from './discovery/discovery.ts'
import { openApiV2, openApiV3 } from './discovery/openapi.ts'
import { type Eviction, evict } from './eviction.ts'
import { faultRequestOf, suffer } from './faulty-answer.ts'
import { type DeleteOptions, ObjectRequests } from './object-requests.ts'
import { checkPatchType } from './patch/patch.ts'
import { podLog } from './pod-log.ts'
import { readObject, readOptions, readPatch } from './request/request-body.ts'
import { isDryRun, isTrue } from './request/request-options.ts'
import { parseTarget, type RequestTarget } from './request/request-target.ts'
import { parseRequestUrl } from './request/request-url.ts'
import { unsupported } from './request/unsupported.ts'
import { answerReview, reviewOf } from './reviews.ts'
import { rowObjectOf, tableOf, wantsTable } from './table/table.ts'
import { watch } from './watch-stream.ts'

export interface DispatchParts {
  readonly store: Store
  readonly kubelet: Kubelet
  /** The cluster's own folder. */
  readonly folder: string
  readonly faults: Faults
  /** The types that objects are checked against. */
  readonly models: Models
}

/** Finds the answer to each request. */
export class Dispatch {
  readonly #parts: DispatchParts
  readonly #objects: ObjectRequests

  constructor(parts: DispatchParts) {
    this.#parts = parts
    this.#objects = new ObjectRequests(parts.store, parts.models)
  }

  /** Undefined when the answer is a stream, which has begun. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const url = parseRequestUrl(request.url)
    const { method = 'GET' } = request
    const target = parseTarget(url.names)
    const { store, faults } = this.#parts
    const asked = faultRequestOf(method, target, url)
    const fault = asked === undefined ? undefined : faults.next(asked)
    if (fault !== undefined && !(await suffer(fault, { store, request, response }))) return undefined
    if (target !== undefined) return await this.#answerAbout(target, method, url.query, request, response)

    const known = discover(url.path) ?? openApiV3(url.path, this.#parts.models) ?? openApiV2(url.path)
    if (known !== undefined) {
      if (method !== 'GET') throw methodNotAllowed()
      return known instanceof Object && 'contentType' in known ? (known as Answer) : { code: 200, body: known }
    }
    const review = reviewOf(url.names)
    if (review === undefined) throw unsupported(url.names)
    if (method !== 'POST') throw methodNotAllowed()
    return { code: 201, body: answerReview(review, await readObject(request)) }
  }

  async #answerAbout(
    target: RequestTarget,
    method: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Answer | undefined> {
    const { type, namespace, name, subresource } = target
    const objects = this.#objects
    if (subresource === 'log') {
      if (method !== 'GET') throw methodNotAllowed()
      const { folder, kubelet } = this.#parts
      podLog(folder, kubelet, objects.get(target) as Pod, query, response)
      return undefined
    }
    if (subresource === 'eviction') {
      if (method !== 'POST') throw methodNotAllowed()
      const eviction = (await readObject(request)) as Eviction
      if (eviction.metadata?.name !== name) throw badRequest('name in URL does not match name in Eviction object')
      const { dryRun: inBody } = (eviction.deleteOptions ?? {}) as { dryRun?: readonly string[] }
      const pod = objects.get(target) as Pod
      return { code: 201, body: evict(this.#parts.store, pod, eviction, isDryRun(query, 'CreateOptions', inBody)) }
    }
    if (type.readOnly && method !== 'GET') throw methodNotAllowed()
    switch (method) {
      case 'GET':
        return this.#read(target, query, request, response)
      case 'POST':
        if (name !== undefined || (type.namespaced && namespace === undefined)) throw methodNotAllowed()
        return objects.create(target, (await readObject(request)) as Draft, query)
      case 'PUT':
        if (name === undefined) throw methodNotAllowed()
        return objects.update(target, (await readObject(request)) as Draft, query)
      case 'PATCH': {
        if (name === undefined) throw methodNotAllowed()
        const patchType = checkPatchType(request.headers['content-type'])
        const patch = await readPatch(request)
        if (patch === undefined) throw badRequest('error decoding patch: unexpected end of JSON input')
        return objects.patch(target, patchType, patch, query)
      }
      case 'DELETE': {
        // A collection is that of one namespace.
        const everywhere = name === undefined && namespace === undefined
        if (subresource !== undefined || everywhere) throw methodNotAllowed()
        const options = (await readOptions(request)) as DeleteOptions
        return name === undefined
          ? objects.deleteCollection(target, options, query)
          : objects.delete(target, options, query)
      }
      default:
        throw methodNotAllowed()
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
}
