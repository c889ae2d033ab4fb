import { PassThrough } from 'node:stream'
import { pause } from '@internal/async'
import { redact } from '@internal/errors'
import { ApiAnswer, toK8sError } from '../api/api-answer.ts'
import type { PodObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { linesOf } from '../api/lines.ts'
import { type JobRef, listPods, podsPath } from '../api/resources.ts'
import { watch } from '../api/watch.ts'
import { indexOf } from '../pods/completion-index.ts'
import { workerStatus } from '../pods/containers.ts'
import { CONTROLLER_UID } from '../spec/pod-labels.ts'
import { LogFollower, lineOf, logRequest } from './log-follower.ts'
import type { PodLogLine } from './log-line.ts'

const TAIL_LINES = 20
/** How long after the Job's end the last lines may take. */
const DRAIN_MS = 15_000

export type { PodLogLine } from './log-line.ts'

/** The container whose log is read: the server refuses a request that names none when the pod has several. */
interface LogSource {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/** The end of a container's log, with passwords in addresses replaced. */
export async function readTail(
  api: KubeApi,
  { namespace, pod, container, signal }: LogSource & { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const lines: string[] = []
  const query = { container, tailLines: TAIL_LINES }
  const stream = await api.stream({
    ...logRequest(namespace, pod),
    query,
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  })
  for await (const line of linesOf(stream)) lines.push(redact(line))
  return lines
}

interface FollowOptions {
  readonly signal: AbortSignal
  readonly unreachableMs: number
  /** Settles when the Job has ended: what its pods printed until then is still read. */
  readonly jobEnd: Promise<unknown>
}

/**
 * Gives the lines that a Job's pods print, while they print them, each once. Ends after the Job. A pod whose log is gone
 * (deleted by hand, its node lost) gives what was read so far: logs are a view, never the verdict (apache/airflow#56693).
 *
 * @throws {K8sError} `FORBIDDEN` without the right to get pods/log, or to list and watch pods.
 */
export async function* followLogs(
  api: KubeApi,
  ref: JobRef & { readonly uid: string },
  { signal: given, unreachableMs, jobEnd }: FollowOptions,
): AsyncGenerator<PodLogLine, void, undefined> {
  const done = new AbortController()
  const signal = AbortSignal.any([given, done.signal])
  const lines = new PassThrough({ objectMode: true, highWaterMark: 256 })
  lines.setMaxListeners(0) // one for each pod that waits until there is room
  const follower = new LogFollower(api, ref.namespace, lines, signal)
  const feed = async (): Promise<void> => {
    const ended = new AbortController()
    void jobEnd.catch(() => undefined).then(() => ended.abort())
    const both = AbortSignal.any([signal, ended.signal])
    const labelSelector = `${CONTROLLER_UID}=${ref.uid}`
    const { namespace } = ref
    const options = {
      resource: 'pods',
      namespace,
      path: podsPath(namespace),
      labelSelector,
      unreachableMs,
      signal: both,
    } as const
    try {
      for await (const event of watch<PodObject>(api, options)) {
        const pods = event.type === 'listed' ? event.items : [event.item]
        for (const pod of pods) follower.see(pod)
      }
    } catch (error) {
      if (!ended.signal.aborted) throw error
    }
    for (const pod of await listPods(api, ref, { signal })) follower.see(pod)
    await Promise.race([follower.settled(), pause(DRAIN_MS, signal)])
    lines.end()
  }
  feed().catch((error: unknown) => lines.destroy(error instanceof ApiAnswer ? toK8sError(error) : (error as Error)))
  follower.onError = (error) => lines.destroy(error)
  try {
    yield* lines as AsyncIterable<PodLogLine>
  } finally {
    done.abort()
    lines.destroy()
  }
}

/** Gives the lines that the existing pods have printed so far, pod after pod. */
export async function* readLogs(
  api: KubeApi,
  ref: JobRef & { readonly uid: string },
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<PodLogLine, void, undefined> {
  const pods = [...(await listPods(api, ref, { signal }))].sort((a, b) => (indexOf(a) ?? 0) - (indexOf(b) ?? 0))
  for (const pod of pods) {
    const container = workerStatus(pod)
    if (container?.state?.running === undefined && container?.state?.terminated === undefined) continue
    const query = { container: container.name }
    try {
      const stream = await api.stream({ ...logRequest(ref.namespace, pod.metadata.name), query, signal })
      for await (const line of linesOf(stream)) yield lineOf(pod, container.restartCount, line)
    } catch (error) {
      if (!(error instanceof ApiAnswer && error.code === 404)) throw error
    }
  }
}
