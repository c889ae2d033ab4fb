import type { ContainerStatus, PodObject } from '../api/api-objects.ts'
import { WORKER_CONTAINER } from '../spec/worker-container.ts'

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-default-container */
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container'

/**
 * The name of the container that runs the worker: `worker`. In a Job that podqueue did not build it is the pod's default
 * container, else the first of its spec. The order of the statuses means nothing: they are sorted by name.
 */
export function workerName({ metadata, spec, status }: PodObject): string | undefined {
  const names = (spec?.containers ?? status?.containerStatuses ?? []).map(({ name }) => name)
  const [first] = names
  const wanted = [WORKER_CONTAINER, metadata.annotations?.[DEFAULT_CONTAINER]]
  return wanted.find((name) => name !== undefined && names.includes(name)) ?? first
}

/** The state of the worker's container; undefined while the pod has none. */
export function workerStatus(pod: PodObject): ContainerStatus | undefined {
  const worker = workerName(pod)
  return pod.status?.containerStatuses?.find(({ name }) => name === worker)
}

/** The containers that run beside the worker from the beginning to the end, and that a pod waits for. */
export function companions(pod: PodObject): readonly ContainerStatus[] {
  const worker = workerName(pod)
  return (pod.status?.containerStatuses ?? []).filter(({ name }) => name !== worker)
}

/**
 * The init containers that have to succeed before the worker starts. A restartable one is a sidecar: Kubernetes ends it after
 * the worker, and its exit code does not count. https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
export function initSteps({ spec, status }: PodObject): readonly ContainerStatus[] {
  const sidecars = new Set(
    (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  )
  return (status?.initContainerStatuses ?? []).filter(({ name }) => !sidecars.has(name))
}

/** All containers of a pod, in the order in which they start. */
export function allContainers({ status }: PodObject): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
}
