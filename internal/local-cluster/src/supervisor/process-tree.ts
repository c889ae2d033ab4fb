import { readdirSync, readFileSync } from 'node:fs'

/** Set in the environment of every container process; its value names the run, and begins with the cluster's id. */
export const RUN_MARK = 'PODQUEUE_LOCAL_RUN'

/** Sends a signal to a whole process group. Does nothing when the group is gone. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal)
  } catch {
    // ESRCH: no process is left in it.
  }
}

/**
 * Kills the processes that left their group, or their parent, by the mark in their environment: a container's processes end with it,
 * whatever session they made for themselves. By /proc, so on Linux only; elsewhere the process groups are all there is.
 */
export function killMarked(mark: string): void {
  let pids: string[]
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return
  }
  const wanted = `${RUN_MARK}=${mark}`
  for (const pid of pids) {
    if (Number(pid) === process.pid) continue
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
      if (variables.some((variable) => variable.startsWith(wanted))) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // Gone since, or another user's.
    }
  }
}
