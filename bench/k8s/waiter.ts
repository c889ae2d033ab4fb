/** A process of its own that runs a Job, and prints its heap each time a given number of pods has succeeded. */
import { runJob } from '@podqueue/k8s'

const marks: number[] = JSON.parse(process.argv[2] ?? '[]')

await runJob(
  {
    name: 'turnover',
    image: 'worker',
    items: Math.max(...marks),
    parallelism: 16,
    queue: { name: 'q', podUrl: 'amqp://127.0.0.1' },
  },
  {
    on: {
      progress: ({ succeeded: pods }) => {
        const [next] = marks
        if (next === undefined || pods < next) return
        marks.shift()
        globalThis.gc?.()
        process.stdout.write(`${JSON.stringify({ pods, heapMiB: process.memoryUsage().heapUsed / 2 ** 20 })}\n`)
      },
    },
  },
)
