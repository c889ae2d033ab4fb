/** One kind of object that the API serves. */
export interface ResourceType {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly subresources?: readonly string[]
  /** The fields that a field selector may name besides `metadata.name` and `metadata.namespace`. */
  readonly selectableFields?: readonly string[]
  /** The most objects that are kept. The oldest goes first. Default: no limit. */
  readonly limit?: number
  /** Whether clients may only get, list and watch its objects. Default: false. */
  readonly readOnly?: boolean
}

const core = { group: '', version: 'v1' }

export const NAMESPACES: ResourceType = {
  ...core,
  plural: 'namespaces',
  singular: 'namespace',
  kind: 'Namespace',
  namespaced: false,
  shortNames: ['ns'],
  selectableFields: ['status.phase'],
}

export const NODES: ResourceType = {
  ...core,
  plural: 'nodes',
  singular: 'node',
  kind: 'Node',
  namespaced: false,
  shortNames: ['no'],
  selectableFields: ['spec.unschedulable'],
  readOnly: true,
}

export const PODS: ResourceType = {
  ...core,
  plural: 'pods',
  singular: 'pod',
  kind: 'Pod',
  namespaced: true,
  shortNames: ['po'],
  categories: ['all'],
  subresources: ['eviction', 'log', 'status'],
  selectableFields: ['status.phase', 'spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.podIP'],
}

export const SECRETS: ResourceType = {
  ...core,
  plural: 'secrets',
  singular: 'secret',
  kind: 'Secret',
  namespaced: true,
  selectableFields: ['type'],
}

export const CONFIG_MAPS: ResourceType = {
  ...core,
  plural: 'configmaps',
  singular: 'configmap',
  kind: 'ConfigMap',
  namespaced: true,
  shortNames: ['cm'],
}

export const SERVICE_ACCOUNTS: ResourceType = {
  ...core,
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  kind: 'ServiceAccount',
  namespaced: true,
  shortNames: ['sa'],
}

export const EVENTS: ResourceType = {
  ...core,
  plural: 'events',
  singular: 'event',
  kind: 'Event',
  namespaced: true,
  shortNames: ['ev'],
  selectableFields: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  // A real cluster forgets them after an hour.
  limit: 4000,
}

export const JOBS: ResourceType = {
  group: 'batch',
  version: 'v1',
  plural: 'jobs',
  singular: 'job',
  kind: 'Job',
  namespaced: true,
  categories: ['all'],
  subresources: ['status'],
  selectableFields: ['status.successful'],
}

export const RESOURCE_TYPES: readonly ResourceType[] = [
  NAMESPACES,
  NODES,
  PODS,
  SECRETS,
  CONFIG_MAPS,
  SERVICE_ACCOUNTS,
  EVENTS,
  JOBS,
]

/** `v1`, `batch/v1`. */
export function groupVersion(type: Pick<ResourceType, 'group' | 'version'>): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`
}
