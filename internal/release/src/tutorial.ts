/** The example of the fruits, on a broker and a local cluster, with the packages that are installed beside it. */
export const TUTORIAL = `
import { startLocalCluster } from '@podqueue/k8s/local'
import { createProducer } from '@podqueue/producer'
import { fruitJob, processFruits } from './main.ts'

const queue = 'rehearsal-' + crypto.randomUUID().slice(0, 8)
const url = process.env.BROKER_URL
const producer = createProducer({ url })
const cluster = await startLocalCluster({ images: { fruits: [process.execPath, 'worker.ts'] } })
try {
  const { succeeded, leftover } = await processFruits(fruitJob('fruits', queue, url), producer.queue(queue), {
    kubeConfig: cluster.kubeConfig,
    on: { podLog: ({ line }) => console.log(line) },
  })
  console.log('succeeded: ' + succeeded + ', left over: ' + leftover)
} finally {
  await producer.queue(queue).delete({ discardItems: true })
  await Promise.all([producer.close(), cluster.close()])
}
`

/** @throws Error when a fruit was not processed, or twice, or was left over */
export function countFruits(printed: string): number {
  const fruits = [...printed.matchAll(/^Processing (\w+)$/gm)].map(([, fruit]) => fruit)
  if (fruits.length !== 8 || new Set(fruits).size !== 8 || !printed.endsWith('succeeded: 8, left over: 0\n')) {
    throw new Error(`the tutorial went wrong:\n${printed}`)
  }
  return fruits.length
}
