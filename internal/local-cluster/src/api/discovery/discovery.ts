import { RESOURCE_TYPES, type ResourceType } from '../../store/resource-types.ts'
import { REVIEW_TYPES } from '../reviews.ts'

const READ = ['get', 'list', 'watch']
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
/** The verbs of a subresource. Default: those of a status. */
const SUBRESOURCE_VERBS: Readonly<Record<string, readonly string[]>> = { eviction: ['create'], log: ['get'] }
/** The kind that a subresource takes, when that is not the kind of its object. */
const SUBRESOURCE_KINDS: Readonly<Record<string, object>> = {
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
}
const GROUPS = [...new Set([...RESOURCE_TYPES, ...REVIEW_TYPES].map(({ group }) => group))].filter(
  (name) => name !== '',
)

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

/** Answers the paths by which a client finds out what the server has. Undefined for any other path. */
export function discover(path: string): unknown {
  switch (path) {
    case '/':
      return {
        paths: ['/api', '/api/v1', '/apis', ...GROUPS.map((name) => `/apis/${name}/v1`), '/healthz', '/version'],
      }
    case '/version':
      return VERSION
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(groupOf) }
    case '/api/v1':
      return resourcesOf('', 'v1')
    case '/healthz':
    case '/livez':
    case '/readyz':
      return 'ok'
    default: {
      const group = GROUPS.find((name) => path === `/apis/${name}` || path === `/apis/${name}/v1`)
      if (group === undefined) return undefined
      return path.endsWith('/v1')
        ? resourcesOf(group, `${group}/v1`)
        : { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) }
    }
  }
}

function groupOf(name: string) {
  const version = { groupVersion: `${name}/v1`, version: 'v1' }
  return { name, versions: [version], preferredVersion: version }
}

function resourcesOf(group: string, groupVersion: string) {
  const resources = [
    ...RESOURCE_TYPES.filter((type) => type.group === group).flatMap(entriesOf),
    ...REVIEW_TYPES.filter((type) => type.group === group).map(({ plural, singular, namespaced, kind }) => ({
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: ['create'],
    })),
  ]
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources }
}

function entriesOf(type: ResourceType) {
  const { plural, singular, kind, namespaced, shortNames, categories, subresources = [], readOnly = false } = type
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: readOnly ? READ : VERBS,
      ...(shortNames && { shortNames }),
      ...(categories && { categories }),
    },
    ...subresources.map((name) => ({
      name: `${plural}/${name}`,
      singularName: '',
      namespaced,
      kind,
      ...SUBRESOURCE_KINDS[name],
      verbs: SUBRESOURCE_VERBS[name] ?? ['get', 'patch', 'update'],
    })),
  ]
}
