import type { Names, Problems } from '@internal/options'
import type { KubeConfigLike } from '../access/kube-config-like.ts'
import { nameProblem } from '../spec/job-name.ts'

/** Options that choose the cluster of a call. */
export interface ClientOptions {
  /**
   * The cluster and the credentials: a `KubeConfig` of `@kubernetes/client-node`. Default: found as kubectl does, by
   * `KUBECONFIG`, `~/.kube/config`, or the service account of the pod.
   */
  readonly kubeConfig?: KubeConfigLike | undefined
  /** The namespace of Jobs for which none is given. Default: that of the kubeconfig's context, else `default`. */
  readonly namespace?: string | undefined
}

/** The names of these options. */
export const CLIENT_OPTIONS: Names<ClientOptions> = { kubeConfig: true, namespace: true }

export function checkClientOptions(problems: Problems, { kubeConfig, namespace }: ClientOptions): void {
  if (kubeConfig !== undefined && typeof kubeConfig?.applySecurityAuthentication !== 'function') {
    problems.add(
      'kubeConfig',
      "must be a KubeConfig of '@kubernetes/client-node'; a path goes into KUBECONFIG or loadFromFile",
    )
  }
  if (namespace === undefined || !problems.text('namespace', namespace)) return
  const problem = nameProblem(namespace)
  if (problem !== undefined) problems.add('namespace', problem)
}
