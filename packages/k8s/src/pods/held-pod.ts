import type { PodObject } from '../api/api-objects.ts'
import { companions, workerStatus } from './containers.ts'

/** A pod whose worker has ended while other containers keep it running. */
export interface HeldPod {
  readonly pod: string
  readonly uid: string
  readonly exitCode: number
  /** The names of the containers that still run. Native sidecars are not among them: Kubernetes ends those. */
  readonly containers: readonly string[]
}

/** The containers that hold a pod after its worker's end; undefined when there are none. */
export function heldPod(pod: PodObject): HeldPod | undefined {
  const { name, uid, deletionTimestamp } = pod.metadata
  const end = workerStatus(pod)?.state?.terminated
  if (end === undefined || deletionTimestamp !== undefined || pod.status?.phase !== 'Running') return undefined
  if (end.exitCode !== 0 && pod.spec?.restartPolicy === 'OnFailure') return undefined // it starts again
  const running = companions(pod).filter(({ state }) => state?.terminated === undefined)
  if (running.length === 0) return undefined
  return { pod: name, uid, exitCode: end.exitCode, containers: running.map((container) => container.name) }
}
