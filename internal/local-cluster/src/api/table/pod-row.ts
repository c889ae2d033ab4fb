import type { ContainerStatus, Pod } from '../../objects/objects.ts'
import { ageOf } from './duration.ts'

/** The columns READY, STATUS and RESTARTS of a pod. */
export interface PodRow {
  readonly ready: string
  readonly status: string
  readonly restarts: string
}

/** A count of restarts, and when the last one was. */
interface Restarts {
  readonly count: number
  readonly lastAt: string | undefined
}

interface Initialization {
  /** The status while it goes on, or why it failed. Undefined when it is over. */
  readonly status: string | undefined
  /** The sidecars that are ready. */
  readonly ready: number
}

/**
 * A pod as kubectl prints it.
 * https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/printers/internalversion/printers.go (printPod)
 */
export function podRow(pod: Pod): PodRow {
  const { metadata, spec, status } = pod
  const inits = status.initContainerStatuses ?? []
  const mains = status.containerStatuses ?? []
  const sidecars = inits.filter(({ name }) => isSidecar(pod, name))
  const initialization = initializationOf(pod, inits)
  const initialized = initialization.status === undefined || hasCondition(pod, 'Initialized')
  let reason = initialization.status ?? phaseOf(pod)
  let ready = initialization.ready
  if (initialized) {
    // The first container that tells something decides.
    reason = mains.map(reasonOf).find((each) => each !== undefined) ?? reason
    const running = mains.filter((each) => each.ready && each.state.running !== undefined).length
    ready += running
    if (reason === 'Completed' && running > 0) reason = hasCondition(pod, 'Ready') ? 'Running' : 'NotReady'
  }
  const ended = status.phase === 'Succeeded' || status.phase === 'Failed'
  if (metadata.deletionTimestamp !== undefined && !ended) reason = 'Terminating'
  const total = spec.containers.length + (spec.initContainers ?? []).filter(({ name }) => isSidecar(pod, name)).length
  const { count, lastAt } = restartsOf(initialized ? [...sidecars, ...mains] : inits)
  return {
    ready: `${ready}/${total}`,
    status: reason,
    restarts: count > 0 && lastAt !== undefined ? `${count} (${ageOf(lastAt)} ago)` : String(count),
  }
}

function phaseOf({ status }: Pod): string {
  const gated = status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated')
  return gated ? 'SchedulingGated' : (status.reason ?? status.phase)
}

/** Looks at the init containers up to the first one that is not done. */
function initializationOf(pod: Pod, statuses: readonly ContainerStatus[]): Initialization {
  let ready = 0
  for (const [index, each] of statuses.entries()) {
    const { waiting, terminated } = each.state
    if (terminated?.exitCode === 0) continue
    if (isSidecar(pod, each.name) && each.started) {
      if (each.ready) ready++
      continue
    }
    if (terminated) return { status: `Init:${endOf(terminated)}`, ready }
    if (waiting && waiting.reason !== '' && waiting.reason !== 'PodInitializing') {
      return { status: `Init:${waiting.reason}`, ready }
    }
    return { status: `Init:${index}/${pod.spec.initContainers?.length ?? 0}`, ready }
  }
  return { status: undefined, ready }
}

function reasonOf({ state: { waiting, terminated } }: ContainerStatus): string | undefined {
  if (waiting && waiting.reason !== '') return waiting.reason
  return terminated && endOf(terminated)
}

function endOf({ reason, signal, exitCode }: NonNullable<ContainerStatus['state']['terminated']>): string {
  if (reason) return reason
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`
}

function restartsOf(statuses: readonly ContainerStatus[]): Restarts {
  const ends = statuses.flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? [])
  const count = statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0)
  return { count, lastAt: ends.toSorted().at(-1) }
}

function isSidecar({ spec }: Pod, name: string): boolean {
  return spec.initContainers?.some((each) => each.name === name && each.restartPolicy === 'Always') ?? false
}

function hasCondition({ status }: Pod, type: string): boolean {
  return status.conditions?.some((each) => each.type === type && each.status === 'True') ?? false
}
