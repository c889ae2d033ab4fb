import type { PodSpec, TerminatedState } from '../objects.ts'
import { NEVER } from './termination.ts'

/** The kubelet's own: the second restart waits this long, each further one twice as long, up to five minutes. */
const FIRST_MS = 10_000
const MAX_MS = 300_000
/** A container that ran for so long starts its delays anew. */
const FORGET_MS = 600_000

/** Whether an ended container is to be started again in its pod. */
export function isRestarted(policy: PodSpec['restartPolicy'], isInit: boolean, exitCode: number): boolean {
  switch (policy) {
    case 'Never':
      return false
    case 'OnFailure':
      return exitCode !== 0
    default:
      return !isInit || exitCode !== 0
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
