import { isDeepStrictEqual } from 'node:util'
import { type Draft, prepareNew, prepareStatus, prepareUpdate } from '../admission/prepare.ts'
import { cannotBeHandled, checkSchema, type Models } from '../admission/schema.ts'
import {
  alreadyExists,
  badRequest,
  conflict,
  deleted,
  forbidden,
  invalidPatch,
  notFound,
  type Status,
  StatusError,
} from '../answers/status-error.ts'
import { removeIfReleased } from '../deletion/finalizers.ts'
import { requestDeletion } from '../deletion/request-deletion.ts'
import { accountProblem } from '../namespaces/service-accounts.ts'
import type { KubeObject, Pod } from '../objects/objects.ts'
import { groupVersion, JOBS, NAMESPACES, PODS, type ResourceType } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'
import type { Answer } from './answer.ts'
import { ListPages, type Page } from './list-pages.ts'
import { applyPatch, type PatchType } from './patch/patch.ts'
import { checkDepth, isObject } from './request/request-body.ts'
import {
  checkPropagation,
  checkVersion,
  fieldValidationOf,
  isDryRun,
  parseVersion,
  wholeNumber,
} from './request/request-options.ts'
import type { RequestTarget } from './request/request-target.ts'
import { selectorOf } from './request/selectors.ts'

interface ObjectList {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly items: readonly KubeObject[]
}

export interface DeleteOptions {
  readonly propagationPolicy?: string
  readonly gracePeriodSeconds?: number
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly orphanDependents?: boolean
  readonly dryRun?: readonly string[]
}

const ORPHANS_BY_DEFAULT =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning'

/** Reads and changes the objects of a store, as the verbs of the API ask for it. */
export class ObjectRequests {
  readonly #store: Store
  readonly #models: Models
  readonly #pages = new ListPages()

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
    const limit = wholeNumber(query, 'limit') ?? 0
    const counted = !query.get('labelSelector') && !query.get('fieldSelector')
    const token = query.get('continue')
    const isKnown = (version: number) => this.#store.since(type, version) !== undefined
    const page = token
      ? this.#pages.next(token, limit, counted, isKnown)
      : this.#firstPage(type, namespace, query, limit, counted)
    const metadata = { resourceVersion: String(page.version), ...page.next }
    // The entries of a list do not say again what they are.
    const items = page.items.map(({ apiVersion: _, kind: __, ...rest }) => rest as KubeObject)
    return { kind: `${type.kind}List`, apiVersion: groupVersion(type), metadata, items }
  }

  /** Sorted by name, as the real store has them. */
  #firstPage(
    type: ResourceType,
    namespace: string | undefined,
    query: URLSearchParams,
    limit: number,
    counted: boolean,
  ): Page {
    const wanted = parseVersion(query.get('resourceVersion'), 'invalid resource version: ') ?? 0
    const { version } = this.#store
    checkVersion(wanted, version)
    if (query.get('resourceVersionMatch') === 'Exact' && wanted !== version) {
      throw new StatusError(410, 'Expired', 'The resourceVersion for the provided list is too old.')
    }
    const items = this.#store.list(type, namespace).filter(selectorOf(type, query)).sort(byName)
    // Any version will do, so the whole list from memory, as the real server answers it.
    return this.#pages.first(items, version, query.get('resourceVersion') === '0' ? 0 : limit, counted)
  }

  create({ type, namespace }: RequestTarget, sent: Draft, query: URLSearchParams): Answer {
    const dryRun = isDryRun(query, 'CreateOptions')
    const { draft, warnings } = this.#decode(type, sent, fieldValidationOf(query, 'CreateOptions'))
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
    const problem = type === PODS ? accountProblem(this.#store, namespace, (object as Pod).spec) : undefined
    if (problem !== undefined) throw forbidden(type, name, problem)
    return { code: 201, body: dryRun ? withoutVersion(object) : this.#store.create(type, object), warnings }
  }

  update(target: RequestTarget, sent: Draft, query: URLSearchParams): Answer {
    const dryRun = isDryRun(query, 'UpdateOptions')
    const { draft, warnings } = this.#decode(target.type, sent, fieldValidationOf(query, 'UpdateOptions'))
    return this.#replace(target, draft, warnings, dryRun)
  }

  patch(target: RequestTarget, patchType: PatchType, patch: unknown, query: URLSearchParams): Answer {
    const dryRun = isDryRun(query, 'PatchOptions')
    const validation = fieldValidationOf(query, 'PatchOptions')
    const patched = applyPatch(patchType, this.get(target), patch)
    if (!isObject(patched)) throw badRequest('the patch makes of the object a value that is no object')
    checkDepth(patched)
    const { draft, warnings } = this.#decode(target.type, patched as Draft, validation, (why) =>
      invalidPatch(patch, why),
    )
    return this.#replace(target, draft, warnings, dryRun)
  }

  #replace(target: RequestTarget, draft: Draft, warnings: readonly string[], dryRun: boolean): Answer {
    const current = this.get(target)
    const { type, subresource } = target
    const { name } = current.metadata
    const { name: given, resourceVersion: version } = draft.metadata ?? {}
    if (given !== undefined && given !== name) {
      throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`)
    }
    if (version !== undefined && version !== '' && version !== current.metadata.resourceVersion) {
      const why = 'the object has been modified; please apply your changes to the latest version and try again'
      throw conflict(type, name, why)
    }
    const next = subresource === 'status' ? prepareStatus(type, current, draft) : prepareUpdate(type, current, draft)
    if (dryRun || isDeepStrictEqual(next, current)) return { code: 200, body: next, warnings }
    const stored = this.#store.update(type, current, () => next)
    if (stored) removeIfReleased(this.#store, type, stored)
    return { code: 200, body: stored, warnings }
  }

  delete(target: RequestTarget, options: DeleteOptions, query: URLSearchParams): Answer {
    const dryRun = isDryRun(query, 'DeleteOptions', options.dryRun)
    const policy = query.get('propagationPolicy') ?? options.propagationPolicy
    checkPropagation(policy)
    const object = this.get(target)
    const { type } = target
    const { uid, resourceVersion } = options.preconditions ?? {}
    for (const [field, wanted, found] of [
      ['UID', uid, object.metadata.uid],
      ['ResourceVersion', resourceVersion, object.metadata.resourceVersion],
    ] as const) {
      if (wanted === undefined || wanted === found) continue
      const happened = field === 'UID' ? 'deleted and then recreated' : 'modified'
      const why = `the ${field} in the precondition (${wanted}) does not match the ${field} in record (${found}). The object might have been ${happened}`
      throw conflict(type, object.metadata.name, why, type.kind)
    }
    if (dryRun) return { code: 200, body: this.#gone(type, object) }
    const graceSeconds = wholeNumber(query, 'gracePeriodSeconds') ?? options.gracePeriodSeconds
    const left = requestDeletion(this.#store, type, object, { graceSeconds, propagationPolicy: policy })
    const unsaid = type === JOBS && policy === undefined
    const body = left ?? (type === PODS ? object : this.#gone(type, object))
    return { code: 200, body, ...(unsaid && { warnings: [ORPHANS_BY_DEFAULT] }) }
  }

  deleteCollection(target: RequestTarget, options: DeleteOptions, query: URLSearchParams): Answer {
    const { items } = this.list(target, query)
    for (const { metadata } of items) {
      const one = { type: target.type, namespace: metadata.namespace ?? '', name: metadata.name }
      this.delete(one, options, query)
    }
    const unsaid = target.type === JOBS && (query.get('propagationPolicy') ?? options.propagationPolicy) === undefined
    const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }
    return { code: 200, body, ...(unsaid && { warnings: [ORPHANS_BY_DEFAULT] }) }
  }

  /** Removes the unknown fields of an object. `fieldValidation` decides whether they are refused, warned about or ignored. */
  #decode(
    type: ResourceType,
    sent: Draft,
    validation: 'Ignore' | 'Strict' | 'Warn',
    refusal: (why: string) => StatusError = (why) => cannotBeHandled(type, why),
  ): { draft: Draft; warnings: readonly string[] } {
    if (sent.kind !== undefined && sent.kind !== type.kind) return { draft: sent, warnings: [] }
    const { known, unknown } = checkSchema(type, sent, this.#models)
    const words = unknown.map((field) => `unknown field "${field}"`)
    if (validation === 'Strict' && words.length > 0) {
      throw refusal(`strict decoding error: ${words.join(', ')}`)
    }
    return { draft: known, warnings: validation === 'Warn' ? words : [] }
  }

  #gone(type: ResourceType, { metadata }: KubeObject): Status {
    return deleted(type, metadata.name, metadata.uid)
  }
}

function byName({ metadata: a }: KubeObject, { metadata: b }: KubeObject): number {
  const [one, other] = [`${a.namespace ?? ''}/${a.name}`, `${b.namespace ?? ''}/${b.name}`]
  return one < other ? -1 : one > other ? 1 : 0
}

/** The object that a dry run shows: it was never stored, so it has no version. */
function withoutVersion(object: KubeObject): unknown {
  const { resourceVersion: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
