import type { PodSpec, TerminatedState } from '../objects/objects.ts'
import type { ContainerRole } from './container-record.ts'
import { NEVER } from './termination.ts'

/** The kubelet's own: the second restart waits this long, each further one twice as long, up to five minutes. */
const FIRST_MS = 10_000
const MAX_MS = 300_000
/** After a run of this length the delays of a container start anew. */
const FORGET_MS = 600_000

/** Whether an ended container is to be started again in its pod. */
export function isRestarted(policy: PodSpec['restartPolicy'], role: ContainerRole, exitCode: number): boolean {
  if (role === 'sidecar') return true
  switch (policy) {
    case 'Never':
      return false
    case 'OnFailure':
      return exitCode !== 0
    default:
      return role === 'main' || exitCode !== 0
  }
}

/** How long a restart waits, before any scaling. `crashes` are the restarts so far. */
export function restartDelayMs(crashes: number): number {
  return crashes === 0 ? 0 : Math.min(FIRST_MS * 2 ** (crashes - 1), MAX_MS)
}

/** Whether a run was long enough to forget the crashes before it. */
export function ranWell({ startedAt, finishedAt }: TerminatedState): boolean {
  return startedAt !== NEVER && Date.parse(finishedAt) - Date.parse(startedAt) >= FORGET_MS
}
