import { notFound, notImplemented, notSupported, type StatusError } from '../../answers/status-error.ts'
import { RESOURCE_TYPES } from '../../store/resource-types.ts'

/** Subresources of Kubernetes' pods and Jobs that need what the local cluster does not have. */
const SUBRESOURCES = ['attach', 'binding', 'ephemeralcontainers', 'exec', 'portforward', 'proxy', 'resize', 'scale']

/** The answer to a path that names nothing here: it says that the local cluster does not have it. */
export function unsupported(names: readonly string[]): StatusError {
  const [root, ...rest] = names
  const [group, version, ...parts] = root === 'api' ? ['', ...rest] : rest
  if ((root !== 'api' && root !== 'apis') || version === undefined) {
    return notSupported(root === 'apis' && group !== undefined ? `the API group ${group}` : `/${names.join('/')}`)
  }
  const inNamespace = parts[0] === 'namespaces' && parts.length > 2
  const [plural = '', name, ...subresource] = inNamespace ? parts.slice(2) : parts
  const type = RESOURCE_TYPES.find((each) => each.plural === plural && each.group === group && each.version === version)
  if (type === undefined) {
    const api = group === '' ? version : `${group}/${version}`
    return notSupported(plural === '' ? `the API ${api}` : `the resource ${plural} of ${api}`)
  }
  const [asked] = subresource
  if (asked === undefined || name === undefined) return notSupported(`/${names.join('/')}`)
  return SUBRESOURCES.includes(asked) ? notImplemented(`${type.plural}/${asked}`) : notFound(type, name)
}
