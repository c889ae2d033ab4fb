import type { PodSpec } from '../objects/objects.ts'
import { SERVICE_ACCOUNTS } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'

/** The ServiceAccount of pods that name none. */
export const DEFAULT_ACCOUNT = 'default'

/** Why a namespace takes no such pod: its ServiceAccount is missing. In the words of Kubernetes. Undefined when it is there. */
export function accountProblem(store: Store, namespace: string | undefined, spec: PodSpec): string | undefined {
  const name = spec.serviceAccountName || DEFAULT_ACCOUNT
  if (store.get(SERVICE_ACCOUNTS, namespace, name)) return undefined
  return `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`
}
