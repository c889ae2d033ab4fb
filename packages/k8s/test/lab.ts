import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { JobSpec } from '../src/index.ts'

const run = promisify(execFile)

/** A cluster whose components a test may kill. */
export interface Lab {
  /** SIGKILL. */
  kill(component: 'apiserver' | 'kubelet'): Promise<void>
  /** Starts what was killed; resolves when the cluster is ready. */
  up(): Promise<void>
}

/**
 * The cluster of `CLUSTER_LAB`, a folder whose program `up` starts what is not running, and whose state, beside the
 * kubeconfig's folder, holds `run/<component>.pid`. Undefined without it, said once on stderr.
 */
export function findLab(): Lab | undefined {
  const { CLUSTER_LAB: folder, KUBECONFIG: kubeconfig } = process.env
  if (!folder || !kubeconfig) {
    process.stderr.write(
      'cluster: skipped: tests that kill the kubelet and the API server, since CLUSTER_LAB is not set\n',
    )
    return undefined
  }
  const pidFile = (component: string): string => join(dirname(dirname(kubeconfig)), 'run', `${component}.pid`)
  return {
    kill: async (component) => {
      const pid = Number(await readFile(pidFile(component), 'utf8'))
      process.kill(pid, 'SIGKILL')
      // Until it is gone `up` would find it running.
      while (await isThere(pid)) await pause(10)
    },
    up: async () => {
      const up = join(folder, 'up')
      // It may take an address of the cluster's network for missing that is there, and ends with 2 then: it looks for it with `grep -q`,
      // which ends before `ip` has written all of its answer. Nothing is half done by then, and a second call goes on.
      await run(up).catch((error) => (error.code === 2 ? run(up) : Promise.reject(error)))
    },
  }
}

/** Nodes that are simulated: pods on them need no processes, so that there can be thousands. */
export interface SimulatedNodes {
  up(): Promise<void>
  down(): Promise<void>
}

/**
 * The simulated nodes of `CLUSTER_LAB`: its program `kwok up` adds them, `kwok down` takes them away. They have the label and the
 * taint that {@link SIMULATED} takes. How a pod ends there says its label `kwok-plan`. Undefined without it, said once on stderr.
 */
export function findSimulatedNodes(): SimulatedNodes | undefined {
  const { CLUSTER_LAB: folder } = process.env
  if (!folder || !existsSync(join(folder, 'kwok'))) {
    process.stderr.write('cluster: skipped: tests with simulated nodes, since CLUSTER_LAB has no program kwok\n')
    return undefined
  }
  const kwok = async (command: 'up' | 'down'): Promise<void> => {
    await run(join(folder, 'kwok'), [command])
  }
  return { up: () => kwok('up'), down: () => kwok('down') }
}

/** Puts the pods of a Job onto simulated nodes. */
export const SIMULATED: Pick<JobSpec, 'nodeSelector' | 'tolerations'> = {
  nodeSelector: { type: 'kwok' },
  tolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }],
}

/** Whether a process runs; one that has ended and is not reaped yet does not. */
async function isThere(pid: number): Promise<boolean> {
  const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}
