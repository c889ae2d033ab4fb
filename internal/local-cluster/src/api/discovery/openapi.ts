import type { Models } from '../../admission/schema.ts'
import { groupVersion, RESOURCE_TYPES } from '../../store/resource-types.ts'
import type { Answer } from '../answer.ts'
import { schemasOf } from './schemas.ts'

/**
 * The part of OpenAPI v3 that kubectl needs. Before it creates or applies anything it looks whether PATCH takes
 * `fieldValidation`, and then leaves validation to the server. `kubectl explain` shows the schemas.
 * https://github.com/kubernetes/kubectl/blob/v0.34.0/pkg/cmd/util/factory_client_access.go
 */
export function openApiV3(path: string, models: Models): unknown {
  if (path === '/openapi/v3') {
    const versions = [...new Set(RESOURCE_TYPES.map(groupVersion))].map(pathOf)
    return {
      paths: Object.fromEntries(versions.map((version) => [version, { serverRelativeURL: `/openapi/v3/${version}` }])),
    }
  }
  const types = RESOURCE_TYPES.filter((type) => path === `/openapi/v3/${pathOf(groupVersion(type))}`)
  if (types.length === 0) return undefined
  const paths = types.map(({ group, version, kind, plural, namespaced }) => {
    const under = `/${pathOf(groupVersion({ group, version }))}${namespaced ? '/namespaces/{namespace}' : ''}`
    const patch = {
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group, version, kind },
      parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string', uniqueItems: true } }],
      responses: { 200: { description: 'OK' } },
    }
    return [`${under}/${plural}/{name}`, { patch }]
  })
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.34.4' },
    paths: Object.fromEntries(paths),
    components: { schemas: schemasOf(types, models) },
  }
}

function pathOf(version: string): string {
  return version.includes('/') ? `apis/${version}` : `api/${version}`
}

/**
 * An OpenAPI v2 document without any schema. kubectl reads it for objects that it does not know, and needs no more: it then
 * sends them as they are, and says of a kind that is not served that there is no match for it.
 */
export function openApiV2(path: string): Answer | undefined {
  if (path !== '/openapi/v2') return undefined
  const contentType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
  return { code: 200, body: '', contentType }
}
