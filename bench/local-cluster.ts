/**
 * What a pod of the local cluster costs: `node bench/local-cluster.ts`. A Job of 1,000 pods of `true`, 16 at a time, beside a
 * bare loop over `child_process.spawn` that runs as many; and the memory of the cluster's process on the way.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { interleave, printStandings } from './interleave.ts'

const PODS = 1000
const PARALLELISM = 16

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Each in a fresh process: a spawn costs more in a process that has much memory. Prints its numbers as one line of JSON. */
async function measured(program: string): Promise<{ ms: number; heapMiB: Record<string, number> }> {
  const path = fileURLToPath(new URL(`local-cluster/${program}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--expose-gc', path, String(PODS), String(PARALLELISM)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface(child.stdout)) return JSON.parse(line)
  throw new Error(`${program} ended without a result`)
}

const memory: Record<string, number>[] = []
const perPod = (program: string) => async (): Promise<number> => {
  const { ms, heapMiB } = await measured(program)
  if (heapMiB) memory.push(heapMiB)
  return ms / PODS
}

printStandings(
  `${PODS} runs of \`true\`, ${PARALLELISM} at a time`,
  'ms each',
  await interleave(
    [
      { name: 'child_process.spawn', run: perPod('spawn-loop') },
      { name: 'pods of a Job', run: perPod('job-of-pods') },
    ],
    5,
  ),
)
say("\nMemory of the cluster's process (MiB of heap after a collection; one row a run)")
for (const heap of memory) {
  say(
    `  ${Object.entries(heap)
      .map(([pods, mib]) => `after ${pods} pods: ${mib.toFixed(0)}`)
      .join(', ')}`,
  )
}
