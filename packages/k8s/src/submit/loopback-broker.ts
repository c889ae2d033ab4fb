import { isLoopback } from '../access/loopback.ts'
import type { KubeApi } from '../api/kube-api.ts'
import type { JobSpec } from '../spec/job-spec.ts'

/**
 * The problem with a loopback address for pods; undefined when there is no problem. A pod that is told to connect to 127.0.0.1 finds
 * itself there. Only the pods of podqueue's local cluster are processes of this machine; kind and minikube have their API
 * server on loopback too, so it is asked what it is.
 */
export async function loopbackProblem(
  api: KubeApi,
  { queue }: Pick<JobSpec, 'queue'>,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  if (!('podUrl' in queue) || !isLoopback(new URL(queue.podUrl).hostname)) return undefined
  if (isLoopback(api.server.hostname) && (await isLocalCluster(api, signal))) return undefined
  return 'is a loopback address, which in a pod is the pod itself: give the address as the pods reach it, such as amqp://rabbitmq-service:5672'
}

async function isLocalCluster(api: KubeApi, signal: AbortSignal | undefined): Promise<boolean> {
  const version = await api.expect<{ readonly gitVersion?: string }>({
    verb: 'get',
    resource: 'version',
    namespace: '',
    path: '/version',
    expects: 'anything',
    signal,
  })
  return version.gitVersion?.endsWith('+podqueue-local') === true
}
