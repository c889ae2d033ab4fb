/**
 * Runs a Job of a given number of pods of `true`, a given number at a time, on a local cluster of its own. Prints the time, and the
 * memory each time as many pods have ended as a further argument says.
 */
import { readFileSync } from 'node:fs'
import { runJob } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'

const [items = 0, parallelism = 0, ...marks] = process.argv.slice(2).map(Number)
const memory: { pods: number; heapMiB: number; rssMiB: number; supervisorMiB: number }[] = []

await using cluster = await startLocalCluster({ images: { worker: ['true'] } })
const supervisor = readFileSync('/proc/thread-self/children', 'latin1').trim().split(' ')[0]

function measure(pods: number): void {
  // The first collection may release objects that held others: weak references, and what is finalized.
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${supervisor}/status`, 'latin1'))?.[1]
  memory.push({ pods, heapMiB: heapUsed / 2 ** 20, rssMiB: rss / 2 ** 20, supervisorMiB: Number(kib) / 2 ** 10 })
}

const begun = performance.now()
await runJob(
  { name: 'pods', image: 'worker', items, parallelism, queue: { name: 'q', podUrl: 'amqp://127.0.0.1' } },
  {
    kubeConfig: cluster.kubeConfig,
    on: {
      progress: ({ succeeded }) => {
        const [next] = marks
        if (next === undefined || succeeded < next) return
        marks.shift()
        measure(succeeded)
      },
    },
  },
)
process.stdout.write(`${JSON.stringify({ ms: performance.now() - begun, memory })}\n`)
