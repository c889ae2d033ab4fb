import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startLocalCluster } from '@podqueue/k8s/local'

/** Waits, in a process of its own, for a Job of as many pods, and reports that process's heap on the way. */
export async function podTurnover(marks: readonly number[]): Promise<{ pods: number; heapMiB: number }[]> {
  await using cluster = await startLocalCluster({ images: { worker: ['true'] } })
  const waiter = spawn(
    process.execPath,
    ['--expose-gc', fileURLToPath(new URL('waiter.ts', import.meta.url)), JSON.stringify(marks)],
    { env: { ...process.env, KUBECONFIG: cluster.kubeconfigPath }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const found: { pods: number; heapMiB: number }[] = []
  for await (const line of createInterface(waiter.stdout)) found.push(JSON.parse(line))
  return found
}
