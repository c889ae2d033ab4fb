import { type Draft, prepareNew } from '../admission/prepare.ts'
import type { KubeObject } from '../objects/objects.ts'
import { CONFIG_MAPS, NAMESPACES, type ResourceType, SERVICE_ACCOUNTS } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'
import { DEFAULT_ACCOUNT } from './service-accounts.ts'

/**
 * Gives every namespace the objects that Kubernetes gives it: the ServiceAccount `default`, and the ConfigMap
 * `kube-root-ca.crt` with the certificate of the API server. Makes them again when they are deleted.
 *
 * @returns a function that ends this
 */
export function keepNamespaceObjects(store: Store, certificate: string): () => void {
  const kept: readonly [ResourceType, Draft & { metadata: { name: string } }][] = [
    [SERVICE_ACCOUNTS, { metadata: { name: DEFAULT_ACCOUNT } }],
    [CONFIG_MAPS, { metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': certificate } }],
  ]
  const create = (namespace: KubeObject | undefined, type: ResourceType, draft: Draft) => {
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return
    store.create(type, prepareNew(type, draft, namespace.metadata.name))
  }
  return store.onChange(({ resource, type, object }) => {
    if (resource === NAMESPACES && type === 'ADDED') for (const [kind, draft] of kept) create(object, kind, draft)
    if (type !== 'DELETED') return
    for (const [kind, draft] of kept) {
      if (resource !== kind || object.metadata.name !== draft.metadata.name) continue
      create(store.get(NAMESPACES, undefined, object.metadata.namespace ?? ''), kind, draft)
    }
  })
}
