import type { ClientOptions } from './client-options.ts'
import type { KubeApi } from './kube-api.ts'

/** The namespace of a Job: its spec's, else that of the call or its client, else that of the kubeconfig's context. */
export function namespaceOf(
  api: KubeApi,
  spec: { readonly namespace?: string | undefined },
  options: ClientOptions,
): string {
  return spec.namespace ?? options.namespace ?? api.namespace
}
