import type { ContainerRole } from './container-record.ts'

/** A container as far as the order of a pod's containers depends on it. */
export interface OrderedContainer {
  readonly role: ContainerRole
  /**
   * `new`: never started; `waiting`: for its start, or for the next one; `running`; `ended`: for good.
   */
  readonly progress: 'new' | 'waiting' | 'running' | 'ended'
  readonly exitCode: number | undefined
  /** Whether it has been told to end. */
  readonly isStopping: boolean
}

/** The containers that start now and those that are told to end now. `over`: none will ever start again. */
export interface Turn<C> {
  readonly start: readonly C[]
  readonly stop: readonly C[]
  readonly over: boolean
}

const WAIT = { start: [], stop: [], over: false }

/**
 * Decides which containers of a pod start and which end now. Init containers run one after the other; a sidecar needs to
 * run only, not to end, before the next one starts. When all main containers have ended, or an init container has failed,
 * the sidecars end too, the last one first: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 *
 * @param stopping whether the pod itself is to end
 */
export function nextTurn<C extends OrderedContainer>(
  inits: readonly C[],
  mains: readonly C[],
  stopping: boolean,
): Turn<C> {
  const failed = inits.some(({ role, progress, exitCode }) => role === 'init' && progress === 'ended' && exitCode !== 0)
  if (stopping || failed || mains.every(({ progress }) => progress === 'ended')) return endingTurn(inits, mains)
  if (mains.every(({ progress }) => progress === 'new')) {
    for (const each of inits) {
      if (each.progress === 'new') return { ...WAIT, start: [each] }
      const done = each.role === 'sidecar' ? each.progress === 'running' : each.progress === 'ended'
      if (!done) return WAIT
    }
  }
  return { ...WAIT, start: mains.filter(({ progress }) => progress === 'new') }
}

/** Sidecars serve the other containers, so they end after these, in the reverse order of their starts. */
function endingTurn<C extends OrderedContainer>(inits: readonly C[], mains: readonly C[]): Turn<C> {
  const alive = [...inits, ...mains].filter(({ progress }) => progress === 'waiting' || progress === 'running')
  const served = alive.filter(({ role }) => role !== 'sidecar')
  const next = served.length > 0 ? served : alive.slice(-1)
  return { start: [], stop: next.filter(({ isStopping }) => !isStopping), over: next.length === 0 }
}
