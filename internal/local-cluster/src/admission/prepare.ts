import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { badRequest, invalid } from '../answers/status-error.ts'
import { randomSuffix } from '../objects/generated-name.ts'
import {
  type ConfigMap,
  type Job,
  type KubeObject,
  kubeTime,
  type ObjectMeta,
  type Pod,
  type Secret,
} from '../objects/objects.ts'
import {
  CONFIG_MAPS,
  groupVersion,
  JOBS,
  NAMESPACES,
  PODS,
  type ResourceType,
  SECRETS,
} from '../store/resource-types.ts'
import { FieldErrors } from './field-errors.ts'
import { checkJobSpec, checkJobUpdate, defaultJobSpec, withJobDefaults } from './job-spec.ts'
import { checkBase64, checkKeys, type KeyedData } from './keyed-data.ts'
import { checkMetadata, checkMetadataUpdate, serverFieldsOf, withoutServerFields } from './metadata.ts'
import { checkLabelName, checkSubdomainName } from './names.ts'
import { checkPodSpec, completedPodSpec, withPodDefaults } from './pod-spec.ts'
import { checkPodUpdate } from './pod-update.ts'
import { qosClassOf } from './resources.ts'

/** An object as a client sent it. */
export type Draft = Record<string, unknown> & { metadata?: Partial<ObjectMeta> }

/** Makes of what was sent what is stored. Throws a 400 or a 422 as Kubernetes does. */
export function prepareNew(type: ResourceType, draft: Draft, namespace: string | undefined): KubeObject {
  checkKind(type, draft)
  const given = draft.metadata ?? {}
  if (namespace !== undefined && given.namespace !== undefined && given.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  const kept = withoutServerFields(given)
  const name = given.name ?? (given.generateName ? given.generateName.slice(0, 58) + randomSuffix() : '')
  const uid = randomUUID()
  const metadata: ObjectMeta = {
    ...kept,
    name,
    ...(namespace !== undefined && { namespace }),
    uid,
    resourceVersion: '',
    ...((type === JOBS || type === PODS) && { generation: 1 }),
    creationTimestamp: kubeTime(Date.now()),
  }
  if (type === SECRETS || type === CONFIG_MAPS) checkBase64(type, draft as KeyedData)
  const object = completed(type, draft, metadata)
  const errors = new FieldErrors()
  if (type === NAMESPACES) checkLabelName(errors, 'metadata.name', name)
  else checkSubdomainName(errors, 'metadata.name', name)
  // A Job without labels gets those of its template, before those that are generated.
  const labels = given.labels ?? (draft as { spec?: Partial<Job['spec']> }).spec?.template?.metadata?.labels
  checkMetadata(errors, { ...metadata, ...(labels && { labels }) })
  if (type === SECRETS || type === CONFIG_MAPS) checkKeys(errors, object as Secret | ConfigMap)
  if (type === JOBS) checkJobSpec(errors, name, (object as Job).spec)
  if (type === PODS) checkPodSpec(errors, 'spec', (object as Pod).spec)
  if (errors.causes.length > 0) throw invalid(type, name, errors.causes)
  return object
}

/** Makes of an object whose status was sent what is stored. Labels and annotations may change with it, the spec may not. */
export function prepareStatus(type: ResourceType, current: KubeObject, draft: Draft): KubeObject {
  checkKind(type, draft)
  const errors = new FieldErrors()
  const metadata = updatedMetadata(errors, current, draft)
  if (errors.causes.length > 0) throw invalid(type, metadata.name, errors.causes)
  const { ownerReferences: _, ...rest } = metadata
  const { ownerReferences } = current.metadata
  // A pod's owners are not a part of its status.
  const owned = type === PODS ? { ...rest, ...(ownerReferences && { ownerReferences }) } : metadata
  return { ...current, metadata: owned, status: draft.status ?? {} }
}

/** Makes of a changed object what is stored. Throws a 422 for a change of an immutable field. */
export function prepareUpdate(type: ResourceType, current: KubeObject, draft: Draft): KubeObject {
  checkKind(type, draft)
  const errors = new FieldErrors()
  const metadata = updatedMetadata(errors, current, draft)
  const { name, generation } = metadata
  let next: KubeObject = { ...draft, apiVersion: current.apiVersion, kind: current.kind, metadata }
  if (type === SECRETS || type === CONFIG_MAPS) checkBase64(type, draft as KeyedData)
  if (type === SECRETS || type === CONFIG_MAPS) next = completed(type, next as unknown as Draft, metadata)
  // The status has a path of its own.
  if (current.status !== undefined) next = { ...next, status: current.status }
  if (type === JOBS) {
    next = { ...next, spec: withJobDefaults(draft.spec as Job['spec'] | undefined) }
    checkJobSpec(errors, name, (next as Job).spec)
    checkJobUpdate(errors, current as Job, next as Job)
  } else if (type === PODS) {
    // Admission gives a pod its account and its requests when it is created, and never again.
    const spec = withPodDefaults(draft.spec as Pod['spec'] | undefined)
    next = { ...next, spec: { restartPolicy: 'Always', ...spec } }
    checkPodUpdate(errors, current as Pod, next as Pod)
  } else if (type === SECRETS || type === CONFIG_MAPS) {
    checkKeys(errors, next as Secret)
    checkImmutable(errors, current as Secret, next as Secret)
  }
  if (errors.causes.length > 0) throw invalid(type, name, errors.causes)
  if (generation !== undefined && !isDeepStrictEqual(current.spec, next.spec)) {
    return { ...next, metadata: { ...metadata, generation: generation + 1 } }
  }
  return next
}

/** The metadata of an object that was sent to replace another. The server's own fields stay. */
function updatedMetadata(errors: FieldErrors, current: KubeObject, draft: Draft): ObjectMeta {
  const given = draft.metadata ?? {}
  for (const [field, where] of [
    ['name', 'URL'],
    ['namespace', 'request'],
  ] as const) {
    const [wanted, found] = [given[field], current.metadata[field]]
    if (wanted === undefined || wanted === found) continue
    throw badRequest(`the ${field} of the object (${wanted}) does not match the ${field} on the ${where} (${found})`)
  }
  if (given.uid !== undefined && given.uid !== current.metadata.uid) {
    errors.invalid('metadata.uid', given.uid, 'field is immutable')
  }
  const metadata = { ...withoutServerFields(given), ...serverFieldsOf(current.metadata) }
  checkMetadata(errors, metadata)
  checkMetadataUpdate(errors, current.metadata, metadata)
  return metadata
}

function checkKind(type: ResourceType, { kind, apiVersion }: Draft): void {
  if (kind !== undefined && kind !== type.kind) {
    throw badRequest(
      `${String(kind)} in version "${type.version}" cannot be handled as a ${type.kind}: converting (${type.version}.${String(kind)}) to (${type.group || 'core'}.${type.kind}): unknown conversion`,
    )
  }
  if (apiVersion !== undefined && apiVersion !== groupVersion(type)) {
    const sent = String(apiVersion)
    throw badRequest(
      `the API version in the data (${sent}) does not match the expected API version (${groupVersion(type)})`,
    )
  }
}

function completed(type: ResourceType, draft: Draft, metadata: ObjectMeta): KubeObject {
  const object = { ...draft, apiVersion: groupVersion(type), kind: type.kind, metadata }
  switch (type) {
    case JOBS: {
      const spec = defaultJobSpec(draft.spec as Job['spec'] | undefined, metadata.name, metadata.uid)
      return {
        ...object,
        metadata: { ...metadata, labels: metadata.labels ?? { ...spec.template.metadata?.labels } },
        spec,
        status: {},
      }
    }
    case PODS: {
      const spec = completedPodSpec({
        restartPolicy: 'Always',
        ...withPodDefaults(draft.spec as Pod['spec'] | undefined),
      })
      return { ...object, spec, status: { phase: 'Pending', qosClass: qosClassOf(spec.containers) } }
    }
    case SECRETS: {
      const { stringData, ...rest } = object as Draft & {
        stringData?: Record<string, string>
        data?: Record<string, string>
      }
      const encoded = Object.entries(stringData ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value).toString('base64'),
      ])
      const data = { ...rest.data, ...Object.fromEntries(encoded) }
      return { type: 'Opaque', ...rest, ...(Object.keys(data).length > 0 && { data }) } as unknown as KubeObject
    }
    case NAMESPACES: {
      const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name }
      return {
        ...object,
        metadata: { ...metadata, labels },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      }
    }
    default:
      return object
  }
}

function checkImmutable(errors: FieldErrors, current: Secret | ConfigMap, next: Secret): void {
  if (!current.immutable) return
  if (!next.immutable) errors.forbidden('immutable', 'field is immutable when `immutable` is set')
  if (!isDeepStrictEqual(current.data ?? {}, next.data ?? {})) {
    errors.forbidden('data', 'field is immutable when `immutable` is set')
  }
}
