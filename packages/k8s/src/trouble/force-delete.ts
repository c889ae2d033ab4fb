import type { PodObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { deletePodNow } from '../api/resources.ts'

const AT_ONCE = 10

/** Deletes all these pods by force, ten at a time, without waiting for their nodes. @throws {K8sError} such as `FORBIDDEN` */
export async function forceDelete(
  api: KubeApi,
  pods: readonly PodObject[],
  { namespace, signal }: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<void> {
  const left = [...pods]
  const work = async (): Promise<void> => {
    for (let pod = left.pop(); pod !== undefined; pod = left.pop()) {
      const { name, uid } = pod.metadata
      await deletePodNow(api, { name, namespace, uid }, { signal })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}
