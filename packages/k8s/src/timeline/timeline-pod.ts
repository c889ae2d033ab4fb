import type { ContainerTerminated, PodObject } from '../api/api-objects.ts'
import type { PodOutcome, TimelinePod } from '../job/timeline.ts'
import { indexOf } from '../pods/completion-index.ts'
import { allContainers, workerStatus } from '../pods/containers.ts'
import { failedAttempt } from '../pods/failed-attempt.ts'
import { isDisrupted } from '../pods/pod-reason.ts'

/** How often the pod's index had failed before. https://kubernetes.io/docs/reference/labels-annotations-taints/ */
const FAILURES_BEFORE = 'batch.kubernetes.io/job-index-failure-count'

/** A kubelet that goes on ends a pod within its grace. One that is some seconds late is busy. */
const LATE_MS = 30_000

const LONGEST_MESSAGE = 500

/** Reasons by which the kubelet itself ends a pod that did nothing wrong. */
const ENDED_BY_NODE = new Set(['Evicted', 'Preempting', 'Terminated', 'NodeShutdown', 'Shutdown'])

/** A pod as a timeline has it, from its state as it was read at `now` (milliseconds since 1970). */
export function timelinePod(pod: PodObject, sweep: number, now: number): TimelinePod {
  const { name, creationTimestamp = '' } = pod.metadata
  const worker = workerStatus(pod)
  const outcome = outcomeOf(pod, now)
  const index = indexOf(pod)
  const attempt = index === undefined ? undefined : attemptOf(pod)
  const scheduledAt = conditionAt(pod, 'PodScheduled', 'True')
  const startedAt = time(worker?.state?.running?.startedAt ?? workerEnd(pod)?.startedAt)
  const deletedAt = toldToEndAt(pod)
  const finishedAt = finishedAtOf(pod)
  const restarts = worker?.restartCount ?? 0
  const node = pod.spec?.nodeName
  return {
    name,
    sweep,
    ...(node === undefined ? {} : { node }),
    ...(index === undefined ? {} : { index }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(restarts === 0 ? {} : { restarts }),
    createdAt: creationTimestamp,
    ...(scheduledAt === undefined ? {} : { scheduledAt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(deletedAt === undefined ? {} : { deletedAt }),
    outcome,
    ...failureFacts(pod, outcome),
  }
}

function failureFacts(
  pod: PodObject,
  outcome: PodOutcome,
): Pick<TimelinePod, 'exitCode' | 'reason' | 'container' | 'message'> {
  if (outcome === 'succeeded') return {}
  const { exitCode, reason, container, message } = failedAttempt(pod)?.failure ?? {}
  return {
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason }),
    ...(container === undefined ? {} : { container }),
    ...(message === undefined ? {} : { message: message.slice(0, LONGEST_MESSAGE) }),
  }
}

function outcomeOf(pod: PodObject, now: number): PodOutcome {
  const { metadata, status = {} } = pod
  if (status.phase === 'Succeeded') return 'succeeded'
  if (isByNodeLoss(pod)) return 'lost'
  const byNode = status.phase === 'Failed' && ENDED_BY_NODE.has(status.reason ?? '')
  if (byNode || isDisrupted(pod)) return 'evicted'
  if (metadata.deletionTimestamp !== undefined) {
    const ended = status.phase === 'Failed'
    // The time of a deletion is the one by which the pod has to be gone.
    return !ended && now > Date.parse(metadata.deletionTimestamp) + LATE_MS ? 'lost' : 'deleted'
  }
  if (status.phase === 'Failed') return 'failed'
  const worker = workerStatus(pod)
  const began = worker?.state?.running ?? worker?.state?.terminated ?? worker?.lastState?.terminated
  return began === undefined ? 'pending' : 'running'
}

/** Whether the pod was ended since its node does not answer, or is gone. */
function isByNodeLoss({ status = {} }: PodObject): boolean {
  if (status.reason === 'NodeLost') return true
  const why = status.conditions?.find(({ type, status: value }) => type === 'DisruptionTarget' && value === 'True')
  return why?.reason === 'DeletionByPodGC' || why?.reason === 'DeletionByTaintManager'
}

/** Which attempt at its index a pod is: by the count that it has with a limit per index, else the first that is known. */
function attemptOf({ metadata }: PodObject): number | undefined {
  const before = metadata.annotations?.[FAILURES_BEFORE]
  return before !== undefined && /^\d+$/.test(before) ? Number(before) + 1 : undefined
}

function workerEnd(pod: PodObject): ContainerTerminated | undefined {
  const worker = workerStatus(pod)
  return worker?.state?.terminated ?? worker?.lastState?.terminated
}

/** When the attempt ended: with its worker, else with the last container, else when Kubernetes ended the pod. */
function finishedAtOf(pod: PodObject): string | undefined {
  const { status = {} } = pod
  const ofWorker = time(workerStatus(pod)?.state?.terminated?.finishedAt)
  if (ofWorker !== undefined) return ofWorker
  if (status.phase !== 'Failed' && status.phase !== 'Succeeded') return undefined
  const ends = allContainers(pod)
    .map(({ state }) => time(state?.terminated?.finishedAt))
    .filter((end) => end !== undefined)
  const last = ends.sort().at(-1)
  return last ?? conditionAt(pod, 'DisruptionTarget', 'True') ?? conditionAt(pod, 'Ready', 'False')
}

/** The deletion's own time is the end of the grace. */
function toldToEndAt({ metadata }: PodObject): string | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata
  if (deletionTimestamp === undefined) return undefined
  const at = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
  return Number.isNaN(at) ? undefined : isoSeconds(at)
}

function conditionAt({ status = {} }: PodObject, type: string, value: string): string | undefined {
  return time(status.conditions?.find((each) => each.type === type && each.status === value)?.lastTransitionTime)
}

/** A container that never started has a time of 1970, or null. */
function time(text: string | null | undefined): string | undefined {
  return text === null || text === undefined || !(Date.parse(text) > 0) ? undefined : text
}

/** A time as Kubernetes writes it. */
export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
