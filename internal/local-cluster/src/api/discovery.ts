import { groupVersion, RESOURCE_TYPES, type ResourceType } from '../store/resource-types.ts'

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const REVIEWS = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: {
    name: 'selfsubjectaccessreviews',
    singularName: 'selfsubjectaccessreview',
    namespaced: false,
    kind: 'SelfSubjectAccessReview',
    verbs: ['create'],
  },
}

/** The Kubernetes release whose behaviour this is. */
export const VERSION = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.4+podqueue-local',
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: `${process.platform}/${process.arch}`,
}

/** Answers the discovery paths that need no namespace; undefined for any other. */
export function discover(path: string): unknown {
  switch (path) {
    case '/version':
      return VERSION
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: ['batch', REVIEWS.group].map(groupOf) }
    case '/api/v1':
      return resourcesOf('v1')
    case '/apis/batch':
      return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf('batch') }
    case '/apis/batch/v1':
      return resourcesOf('batch/v1')
    case `/apis/${REVIEWS.group}`:
      return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(REVIEWS.group) }
    case `/apis/${REVIEWS.group}/v1`:
      return list(`${REVIEWS.group}/v1`, [REVIEWS.resource])
    case '/healthz':
    case '/livez':
    case '/readyz':
      return 'ok'
    default:
      return undefined
  }
}

function groupOf(name: string) {
  const version = { groupVersion: `${name}/v1`, version: 'v1' }
  return { name, versions: [version], preferredVersion: version }
}

function resourcesOf(version: string) {
  return list(version, RESOURCE_TYPES.filter((type) => groupVersion(type) === version).flatMap(entriesOf))
}

function list(groupVersion: string, resources: readonly unknown[]) {
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources }
}

function entriesOf({ plural, singular, kind, namespaced, shortNames, categories, subresources }: ResourceType) {
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: VERBS,
      ...(shortNames && { shortNames }),
      ...(categories && { categories }),
    },
    ...(subresources ?? []).map((name) => ({
      name: `${plural}/${name}`,
      singularName: '',
      namespaced,
      kind,
      verbs: name === 'log' ? ['get'] : ['get', 'patch', 'update'],
    })),
  ]
}
