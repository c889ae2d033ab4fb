import type { ContainerStatus, ContainerTerminated, PodObject } from '../api/api-objects.ts'
import { companions, initSteps, workerName, workerStatus } from './containers.ts'
import { failureOf, type PodFailure } from './pod-failure.ts'
import { isDisrupted, podReason } from './pod-reason.ts'

/** An attempt at an item that failed. */
export interface FailedAttempt {
  readonly failure: PodFailure
  /** Identifies the attempt: one pod has several with `restartPolicy: OnFailure`. */
  readonly id: string
  /** How many attempts of this pod have failed. */
  readonly count: number
  /** The container whose log tells about it; undefined when none ran. */
  readonly container: string | undefined
  /** Something outside of the Job ended the pod: that says nothing about the program. */
  readonly disrupted: boolean
  /** The container runs again by now, as with `restartPolicy: OnFailure`: this time it may do better. */
  readonly runsAgain: boolean
  /** The pod's resource version: of two failures the larger is the newer. */
  readonly version: number
}

/** The last failed attempt of a pod; undefined when none has failed. */
export function failedAttempt(pod: PodObject): FailedAttempt | undefined {
  const found = failedContainer(pod)
  const restarts = found?.container.restartCount ?? 0
  const attempt = {
    id: `${pod.metadata.uid}/${restarts}`,
    count: Math.max(1, restarts),
    container: found?.container.name,
    disrupted: isDisrupted(pod),
    runsAgain: found?.container.state?.running !== undefined,
    version: Number(pod.metadata.resourceVersion),
  }
  const own = podReason(pod)
  if (own !== undefined) return { ...attempt, failure: failureOf(pod, own) }
  if (found === undefined) {
    return pod.status?.phase === 'Failed' ? { ...attempt, failure: failureOf(pod, {}) } : undefined
  }
  const { name } = found.container
  const { exitCode, reason, message } = found.end
  const facts = { container: name === workerName(pod) ? undefined : name, exitCode, reason, message }
  return { ...attempt, failure: failureOf(pod, facts) }
}

/** The container that an attempt failed by: an init container, the worker, or, once the pod has failed, another one. */
function failedContainer(pod: PodObject): { container: ContainerStatus; end: ContainerTerminated } | undefined {
  const worker = workerStatus(pod)
  const others = pod.status?.phase === 'Failed' ? companions(pod) : []
  for (const container of [...initSteps(pod), ...(worker === undefined ? [] : [worker]), ...others]) {
    const end = badEnd(container)
    if (end !== undefined) return { container, end }
  }
  return undefined
}

/** The last bad end of a container. With `restartPolicy: OnFailure` it may run again by now. */
function badEnd({ state, lastState }: ContainerStatus): ContainerTerminated | undefined {
  if (state?.terminated !== undefined) return state.terminated.exitCode === 0 ? undefined : state.terminated
  return lastState?.terminated !== undefined && lastState.terminated.exitCode !== 0 ? lastState.terminated : undefined
}
