import {
  type Condition,
  type ContainerStatus,
  kubeTime,
  type Pod,
  type PodPhase,
  type PodStatus,
} from '../objects/objects.ts'
import type { ContainerRole } from './container-record.ts'

const LOOPBACK = '127.0.0.1'

/** The kubelet's knowledge of a pod's containers. */
export interface PodFacts {
  readonly initContainers: readonly { readonly role: ContainerRole; readonly status: ContainerStatus }[]
  readonly containers: readonly ContainerStatus[]
  /** Whether no container will be started any more. */
  readonly over: boolean
  /** Whether its volumes are there. */
  readonly mounted: boolean
  /** Why the node ended the pod: it has failed, whatever its containers say. */
  readonly ending?: PodEnding
}

export interface PodEnding {
  readonly reason: string
  readonly message: string
}

/**
 * A pod's status from its containers. Conditions that stay as they are keep their transition times. Conditions of other
 * types, which somebody else has set, stay.
 */
export function podStatus(pod: Pod, facts: PodFacts, now: number): PodStatus {
  const phase = phaseOf(facts)
  const sidecars = facts.initContainers.flatMap(({ role, status }) => (role === 'sidecar' ? [status] : []))
  const unready = [...sidecars, ...facts.containers].filter(({ ready }) => !ready).map(({ name }) => name)
  const over = phase === 'Succeeded' || phase === 'Failed'
  const notReady = over
    ? { reason: phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed' }
    : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` }
  const ready = !over && unready.length === 0
  const condition = (type: string, holds: boolean, why: Partial<Condition> = {}): Condition => {
    const status = holds ? 'True' : 'False'
    const before = pod.status.conditions?.find((condition) => condition.type === type)
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : kubeTime(now)
    return {
      type,
      status,
      lastProbeTime: null,
      ...(lastTransitionTime !== undefined && { lastTransitionTime }),
      ...(!holds && why),
    }
  }
  const own = [
    condition('PodReadyToStartContainers', !over && facts.mounted),
    condition('Initialized', isInitialized(facts), { reason: 'ContainersNotInitialized' }),
    condition('Ready', ready, notReady),
    condition('ContainersReady', ready, notReady),
    condition('PodScheduled', true),
  ]
  const foreign = (pod.status.conditions ?? []).filter(({ type }) => !own.some((each) => each.type === type))
  const initContainers = facts.initContainers.map(({ status }) => status)
  return {
    ...pod.status,
    phase,
    hostIP: LOOPBACK,
    podIP: LOOPBACK,
    startTime: pod.status.startTime ?? kubeTime(now),
    ...(over && facts.ending),
    conditions: [...foreign, ...own],
    ...(initContainers.length > 0 && { initContainerStatuses: initContainers }),
    // By name, as the kubelet has them: the first is not always the first of the spec.
    containerStatuses: facts.containers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

function phaseOf({ initContainers, containers, over, ending }: PodFacts): PodPhase {
  if (over && ending) return 'Failed'
  if (over) {
    const inits = initContainers.flatMap(({ role, status }) => (role === 'init' ? [status] : []))
    const fine = [...inits, ...containers].every(({ state }) => state.terminated?.exitCode === 0)
    return fine ? 'Succeeded' : 'Failed'
  }
  return containers.every(hasStarted) ? 'Running' : 'Pending'
}

/** Whether the init containers have done their part: the sidecars run, the others have succeeded. */
function isInitialized({ initContainers, containers }: PodFacts): boolean {
  if (initContainers.length === 0 || containers.some(hasStarted)) return true
  return initContainers.every(({ role, status }) => (role === 'sidecar' ? status.started : status.ready))
}

function hasStarted({ state, lastState }: ContainerStatus): boolean {
  return state.running !== undefined || isRealEnd(state) || isRealEnd(lastState)
}

function isRealEnd({ terminated }: ContainerStatus['state']): boolean {
  return terminated !== undefined && terminated.reason !== 'StartError'
}
