import { type Condition, type ContainerStatus, kubeTime, type Pod, type PodPhase, type PodStatus } from '../objects.ts'

/** What is known of a pod's containers now. */
export interface PodFacts {
  readonly initContainers: readonly ContainerStatus[]
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

/** A pod's status from its containers, with the transition times of conditions that stay as they are. */
export function podStatus(pod: Pod, facts: PodFacts, now: number): PodStatus {
  const phase = phaseOf(facts)
  const { initContainers, containers } = facts
  const initialized = initContainers.every(({ state }) => state.terminated?.exitCode === 0)
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name)
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
  return {
    ...pod.status,
    phase,
    ...(over && facts.ending),
    conditions: [
      condition('PodReadyToStartContainers', !over && facts.mounted),
      condition('Initialized', initialized, { reason: 'ContainersNotInitialized' }),
      condition('Ready', ready, notReady),
      condition('ContainersReady', ready, notReady),
      condition('PodScheduled', true),
    ],
    ...(initContainers.length > 0 && { initContainerStatuses: initContainers }),
    containerStatuses: containers,
  }
}

function phaseOf({ initContainers, containers, over, ending }: PodFacts): PodPhase {
  if (over && ending) return 'Failed'
  if (over) {
    const fine = [...initContainers, ...containers].every(({ state }) => state.terminated?.exitCode === 0)
    return fine ? 'Succeeded' : 'Failed'
  }
  const everStarted = ({ state, lastState }: ContainerStatus) =>
    state.running !== undefined || isRealEnd(state) || isRealEnd(lastState)
  return containers.every(everStarted) ? 'Running' : 'Pending'
}

function isRealEnd({ terminated }: ContainerStatus['state']): boolean {
  return terminated !== undefined && terminated.reason !== 'StartError'
}
