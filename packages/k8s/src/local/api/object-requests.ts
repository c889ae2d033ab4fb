import { isDeepStrictEqual } from 'node:util'
import { type Draft, prepareNew, prepareUpdate } from '../admission/prepare.ts'
import { cannotBeHandled, checkSchema, type Models } from '../admission/schema.ts'
import { FOREGROUND_FINALIZER } from '../garbage-collector.ts'
import { type KubeObject, kubeTime, type Pod } from '../objects.ts'
import { removeIfReleased, requestPodDeletion, withoutFinalizer } from '../pod-deletion.ts'
import { groupVersion, JOBS, NAMESPACES, PODS, type ResourceType } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'
import { applyPatch } from './patch.ts'
import type { RequestTarget } from './request-target.ts'
import { selectorOf } from './selectors.ts'
import {
  alreadyExists,
  badRequest,
  conflict,
  deleted,
  forbidden,
  notFound,
  type Status,
  StatusError,
} from './status-error.ts'
import { parseVersion } from './watch-stream.ts'

/** An answer with its HTTP status, and the texts of its Warning headers. */
export interface Answer {
  readonly code: number
  readonly body: unknown
  readonly warnings?: readonly string[]
}

interface ObjectList {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly items: readonly KubeObject[]
}

interface DeleteOptions {
  readonly propagationPolicy?: string
  readonly gracePeriodSeconds?: number
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly orphanDependents?: boolean
  readonly dryRun?: readonly string[]
}

/** What the verbs do to the objects of a store. */
export class ObjectRequests {
  readonly #store: Store
  readonly #models: Models

  constructor(store: Store, models: Models) {
    this.#store = store
    this.#models = models
  }

  get({ type, namespace, name = '' }: RequestTarget): KubeObject {
    const object = this.#store.get(type, namespace, name)
    if (!object) throw notFound(type, name)
    return object
  }

  list({ type, namespace }: RequestTarget, query: URLSearchParams): ObjectList {
    const wanted = parseVersion(query.get('resourceVersion')) ?? 0
    const { version } = this.#store
    if (wanted > version) {
      const message = `Timeout: Too large resource version: ${wanted}, current: ${version}`
      throw new StatusError(504, 'Timeout', message, { retryAfterSeconds: 1 })
    }
    const selected = selectorOf(type, query)
    let items = this.#store.list(type, namespace).filter(selected)
    const { limit, metadata, from } = page(query, version)
    const rest = Math.max(0, items.length - from - limit)
    items = items.slice(from, from + limit)
    const next = rest > 0 && { continue: String(from + limit), remainingItemCount: rest }
    return { kind: `${type.kind}List`, apiVersion: groupVersion(type), metadata: { ...metadata, ...next }, items }
  }

  create({ type, namespace }: RequestTarget, sent: Draft, query: URLSearchParams): Answer {
    const { draft, warnings } = this.#decode(type, sent, query)
    if (namespace !== undefined) {
      const at = this.#store.get(NAMESPACES, undefined, namespace)
      if (!at) throw notFound(NAMESPACES, namespace)
      if (at.metadata.deletionTimestamp !== undefined) {
        const why = `unable to create new content in namespace ${namespace} because it is being terminated`
        throw forbidden(type, draft.metadata?.name ?? '', why)
      }
    }
    const object = prepareNew(type, draft, namespace)
    const { name } = object.metadata
    const taken = this.#store.get(type, namespace, name)
    if (taken) throw alreadyExists(type, name, taken.metadata.deletionTimestamp !== undefined)
    return { code: 201, body: isDryRun(query) ? object : this.#store.create(type, object), warnings }
  }

  update(target: RequestTarget, sent: Draft, query: URLSearchParams): Answer {
    const current = this.get(target)
    const { type, subresource } = target
    const { draft, warnings } = this.#decode(type, sent, query)
    const version = draft.metadata?.resourceVersion
    if (version !== undefined && version !== '' && version !== current.metadata.resourceVersion) {
      const why = 'the object has been modified; please apply your changes to the latest version and try again'
      throw conflict(type, current.metadata.name, why)
    }
    const next = subresource === 'status' ? { ...current, status: draft.status } : prepareUpdate(type, current, draft)
    if (isDryRun(query) || isDeepStrictEqual(next, current)) return { code: 200, body: next, warnings }
    const stored = this.#store.update(type, current, () => next)
    if (stored) removeIfReleased(this.#store, type, stored)
    return { code: 200, body: stored, warnings }
  }

  patch(target: RequestTarget, contentType: string | undefined, patch: unknown, query: URLSearchParams): Answer {
    return this.update(target, applyPatch(contentType, this.get(target), patch) as Draft, query)
  }

  delete(target: RequestTarget, options: DeleteOptions, query: URLSearchParams): Answer {
    const object = this.get(target)
    const { type } = target
    const { uid, resourceVersion } = options.preconditions ?? {}
    for (const [field, wanted, found] of [
      ['UID', uid, object.metadata.uid],
      ['ResourceVersion', resourceVersion, object.metadata.resourceVersion],
    ] as const) {
      if (wanted === undefined || wanted === found) continue
      const why = `the ${field} in the precondition (${wanted}) does not match the ${field} in record (${found}). The object might have been deleted and then recreated`
      throw conflict(type, object.metadata.name, why, type.kind)
    }
    if (isDryRun(query) || options.dryRun?.includes('All')) return { code: 200, body: this.#gone(type, object) }
    const seconds = query.get('gracePeriodSeconds')
    const grace = seconds === null ? options.gracePeriodSeconds : Number(seconds)
    if (type === PODS) return this.#deletePod(object as Pod, grace)
    if (type === NAMESPACES) return this.#deleteNamespace(object)
    if (type === JOBS) return this.#deleteJob(object, query.get('propagationPolicy') ?? options.propagationPolicy)
    this.#store.remove(type, object.metadata.namespace, object.metadata.name)
    return { code: 200, body: this.#gone(type, object) }
  }

  deleteCollection(target: RequestTarget, options: DeleteOptions, query: URLSearchParams): Answer {
    const { items } = this.list(target, query)
    for (const { metadata } of items) {
      const one = { type: target.type, namespace: metadata.namespace ?? '', name: metadata.name }
      this.delete(one, options, query)
    }
    return { code: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } }
  }

  /** What was sent without unknown fields: refused, told or passed over in silence as `fieldValidation` says. */
  #decode(type: ResourceType, sent: Draft, query: URLSearchParams): { draft: Draft; warnings: readonly string[] } {
    if (sent.kind !== undefined && sent.kind !== type.kind) return { draft: sent, warnings: [] }
    const { known, unknown } = checkSchema(type, sent, this.#models)
    const words = unknown.map((field) => `unknown field "${field}"`)
    const validation = query.get('fieldValidation') ?? 'Warn'
    if (validation === 'Strict' && words.length > 0) {
      throw cannotBeHandled(type, `strict decoding error: ${words.join(', ')}`)
    }
    return { draft: known, warnings: validation === 'Warn' ? words : [] }
  }

  #gone(type: ResourceType, { metadata }: KubeObject): Status {
    return deleted(type, metadata.name, metadata.uid)
  }

  #deletePod(pod: Pod, grace: number | undefined): Answer {
    requestPodDeletion(this.#store, pod, grace)
    const { namespace, name } = pod.metadata
    const marked = this.#store.get<Pod>(PODS, namespace, name)
    // Deleted with no grace at all: the object does not wait for its processes.
    if (grace === 0 && marked) removeIfReleased(this.#store, PODS, marked)
    return { code: 200, body: marked ?? pod }
  }

  #deleteNamespace(namespace: KubeObject): Answer {
    const deletionTimestamp = namespace.metadata.deletionTimestamp ?? kubeTime(Date.now())
    const marked = this.#store.update(NAMESPACES, namespace, (current) => ({
      ...current,
      metadata: { ...current.metadata, deletionTimestamp },
      status: { phase: 'Terminating' },
    }))
    return { code: 200, body: marked }
  }

  #deleteJob(job: KubeObject, policy: string | undefined): Answer {
    const pods = this.#store
      .list<Pod>(PODS, job.metadata.namespace)
      .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid))
    if (policy === 'Foreground' && pods.length > 0) {
      const deletionTimestamp = kubeTime(Date.now())
      const marked = this.#store.update(JOBS, job, (current) => ({
        ...current,
        metadata: { ...current.metadata, deletionTimestamp, finalizers: [FOREGROUND_FINALIZER] },
      }))
      for (const pod of pods) requestPodDeletion(this.#store, pod)
      return { code: 200, body: marked }
    }
    const orphaned = policy === undefined || policy === 'Orphan'
    if (orphaned) for (const pod of pods) this.#orphan(pod, job.metadata.uid)
    this.#store.remove(JOBS, job.metadata.namespace, job.metadata.name)
    const warning =
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning'
    return { code: 200, body: this.#gone(JOBS, job), ...(policy === undefined && { warnings: [warning] }) }
  }

  #orphan(pod: Pod, jobUid: string): void {
    const own = this.#store.update<Pod>(PODS, pod, (current) => {
      const { ownerReferences = [], ...metadata } = current.metadata
      const rest = ownerReferences.filter(({ uid }) => uid !== jobUid)
      return { ...current, metadata: { ...metadata, ...(rest.length > 0 && { ownerReferences: rest }) } }
    })
    if (own) for (const finalizer of own.metadata.finalizers ?? []) withoutFinalizer(this.#store, PODS, own, finalizer)
  }
}

function page(query: URLSearchParams, version: number) {
  const limit = Number(query.get('limit') ?? 0)
  const from = Number(query.get('continue') ?? 0)
  if (!Number.isSafeInteger(limit) || !Number.isSafeInteger(from))
    throw badRequest('limit and continue must be numbers of the server')
  return { from, limit: limit > 0 ? limit : Number.POSITIVE_INFINITY, metadata: { resourceVersion: String(version) } }
}

function isDryRun(query: URLSearchParams): boolean {
  return query.getAll('dryRun').includes('All')
}
