/**
 * Measures the cost of a pod of the local cluster: `node bench/local-cluster.ts`. A Job of 1,000 pods of `true`, 16 at a time, beside a
 * bare loop over `child_process.spawn` that runs as many; then the memory of the cluster's process in a Job of 6,000.
 * `node bench/local-cluster.ts memory` measures the second only, `node bench/local-cluster.ts watches` the memory of 1,000 watches.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { interleave, printStandings } from './interleave.ts'

const PODS = 1000
const PARALLELISM = 16
/** Pods that have ended when the memory is read. */
const MARKS = [200, 1000, 3000, 6000]

interface Result {
  readonly ms: number
  readonly memory: readonly { pods: number; heapMiB: number; rssMiB: number; supervisorMiB: number }[]
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Each in a fresh process: a spawn costs more in a process that has much memory. Prints its numbers as one line of JSON. */
async function measured<Measured = Result>(program: string, ...args: number[]): Promise<Measured> {
  const path = fileURLToPath(new URL(`local-cluster/${program}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--expose-gc', path, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface(child.stdout)) return JSON.parse(line)
  throw new Error(`${program} ended without a result`)
}

const perPod = (program: string) => async (): Promise<number> => (await measured(program, PODS, PARALLELISM)).ms / PODS

if (process.argv[2] === 'watches') {
  const { before, after } = await measured<{ before: number; after: number }>('watches', 1000)
  say(`1,000 watches, each on a connection of its own: ${(after - before).toFixed(0)} MiB more RSS`)
  process.exit()
}

if (process.argv[2] !== 'memory') {
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
}

const { memory } = await measured('job-of-pods', Math.max(...MARKS), PARALLELISM, ...MARKS)
say('\nMemory of the process that runs the cluster and the Job (MiB; heap after a collection, beside it RSS)')
for (const { pods, heapMiB, rssMiB, supervisorMiB } of memory) {
  const [heap, rss, supervisor] = [heapMiB.toFixed(1), rssMiB.toFixed(0), supervisorMiB.toFixed(0)]
  say(`  after ${String(pods).padStart(5)} pods  heap ${heap}  RSS ${rss}, of its supervisor ${supervisor}`)
}
const [, from, ...rest] = memory
const to = rest.at(-1)
if (from && to) {
  const grown = to.heapMiB - from.heapMiB
  const each = ((grown * 2 ** 20) / (to.pods - from.pods)).toFixed(0)
  const percent = ((grown / from.heapMiB) * 100).toFixed(0)
  say(
    `  from ${from.pods} to ${to.pods} pods: ${percent} % more heap, ${each} bytes a pod: its object is kept until its Job goes`,
  )
}
