import type { JobObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { ifReadable, listPodPage } from '../api/resources.ts'
import { readTail } from '../logs/pod-logs.ts'
import { workerName } from '../pods/containers.ts'
import { refOf } from './describe-pods.ts'
import type { StuckEvent } from './stuck-event.ts'

const PODS = 3
/** How podqueue's worker marks its own lines, apart from those of the program. */
const OWN_LINE = /^podqueue-worker: (.*)$/

/**
 * Reads the ends of a few running pods' logs, and returns what a worker says about itself when that is its last word: that it
 * waits for the broker, for the queue, or for an item. Undefined when none does, or the logs may not be read.
 */
export async function waitingWorker(
  api: KubeApi,
  job: JobObject,
  signal: AbortSignal,
): Promise<StuckEvent | undefined> {
  const { namespace, ...ref } = refOf(job)
  const options = { fieldSelector: 'status.phase=Running', limit: PODS, signal }
  const page = await ifReadable(listPodPage(api, { namespace, ...ref }, options), signal)
  for (const pod of page?.pods ?? []) {
    const { name } = pod.metadata
    const container = workerName(pod)
    if (container === undefined) continue
    const tail = await ifReadable(readTail(api, { namespace, pod: name, container, signal }), signal)
    const said = OWN_LINE.exec(tail?.at(-1) ?? '')?.[1]
    if (said !== undefined) return { reason: 'WorkerWaiting', message: `the worker says: ${said}`, pod: name }
  }
  return undefined
}
