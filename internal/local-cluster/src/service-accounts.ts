import { prepareNew } from './admission/prepare.ts'
import type { KubeObject, PodSpec } from './objects.ts'
import { NAMESPACES, SERVICE_ACCOUNTS } from './store/resource-types.ts'
import type { Store } from './store/store.ts'

/** The account of pods that name none. */
const DEFAULT_ACCOUNT = 'default'

/** Gives every namespace its ServiceAccount `default`, also again when somebody deletes it. Returns how to stop that. */
export function keepDefaultAccounts(store: Store): () => void {
  const ensure = (namespace: KubeObject | undefined) => {
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return
    const draft = { metadata: { name: DEFAULT_ACCOUNT } }
    store.create(SERVICE_ACCOUNTS, prepareNew(SERVICE_ACCOUNTS, draft, namespace.metadata.name))
  }
  return store.onChange(({ resource, type, object }) => {
    if (resource === NAMESPACES && type === 'ADDED') ensure(object)
    if (resource === SERVICE_ACCOUNTS && type === 'DELETED' && object.metadata.name === DEFAULT_ACCOUNT) {
      ensure(store.get(NAMESPACES, undefined, object.metadata.namespace ?? ''))
    }
  })
}

/** Why a pod may not be made in a namespace: its ServiceAccount is missing. In the words of the real admission. */
export function accountProblem(store: Store, namespace: string | undefined, spec: PodSpec): string | undefined {
  const name = spec.serviceAccountName || DEFAULT_ACCOUNT
  if (store.get(SERVICE_ACCOUNTS, namespace, name)) return undefined
  return `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`
}
