/** Runs a Job of so many pods of `true`, so many at a time, on a local cluster of its own. */
import { runJob } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'

const [items = 0, parallelism = 0] = process.argv.slice(2).map(Number)
const marks = [items / 5, items / 2, items]
const heapMiB: Record<string, number> = {}

await using cluster = await startLocalCluster({ images: { worker: ['true'] } })
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
        globalThis.gc?.()
        heapMiB[next] = process.memoryUsage().heapUsed / 2 ** 20
      },
    },
  },
)
process.stdout.write(`${JSON.stringify({ ms: performance.now() - begun, heapMiB })}\n`)
