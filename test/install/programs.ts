/** The programs of a user that are run, bundled and tested. None uses top-level await: CommonJS has none. */

/** Fills the queue of `QUEUE`. */
export const PRODUCER = `
import { enqueue, inspectQueue } from '@podqueue/producer'

async function main(): Promise<void> {
  const queue = process.env.QUEUE ?? ''
  const { confirmed } = await enqueue(queue, ['apple', { fruit: 'banana' }])
  console.log(confirmed, 'confirmed', (await inspectQueue(queue)).ready, 'ready')
}
void main()
`

/** Takes one item. */
export const WORKER = `
import { runWorker } from '@podqueue/worker'

void runWorker((item) => console.log('did', item.text()))
`

/** Fills the queue, and runs a Job of the image \`IMAGE\` over it on the cluster of KUBECONFIG. */
export const SERVICE = `
import { enqueue, inspectQueue } from '@podqueue/producer'
import { buildManifests, runJob, toYaml } from '@podqueue/k8s'

async function main(): Promise<void> {
  const { QUEUE = '', IMAGE = '', BROKER_URL = '' } = process.env
  const { confirmed } = await enqueue(QUEUE, ['apple', 'banana'])
  const spec = { name: QUEUE, image: IMAGE, items: confirmed, parallelism: 2, queue: { name: QUEUE, podUrl: BROKER_URL } }
  console.log(toYaml(buildManifests(spec).job).split('\\n')[1])
  const lines: string[] = []
  const { succeeded } = await runJob(spec, {
    queue: { inspect: () => inspectQueue(QUEUE) },
    on: { podLog: ({ line }) => lines.push(line) },
  })
  console.log(succeeded, 'succeeded:', lines.filter((line) => line.startsWith('did')).toSorted().join(', '))
}
main().catch((error) => {
  console.log(error.code + ': ' + error.message + ' | ' + error.hint)
  process.exitCode = 1
})
`
export const SERVICE_PRINTS = 'kind: Job\n2 succeeded: did apple, did banana\n'

/** Runs a Job on a local cluster of its own. */
export const LOCAL = `
import { runJob } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'

async function main(): Promise<void> {
  const cluster = await startLocalCluster({ images: { worker: ['true'] } })
  try {
    const queue = { name: 'job1', podUrl: 'amqp://127.0.0.1' }
    const { succeeded } = await runJob({ name: 'work', image: 'worker', items: 2, queue }, { kubeConfig: cluster.kubeConfig })
    console.log(succeeded, 'succeeded')
  } finally {
    await cluster.close()
  }
}
main().catch((error) => {
  console.log(error.code + ': ' + error.message + ' | ' + error.hint)
  process.exitCode = 1
})
`
export const LOCAL_PRINTS = '2 succeeded\n'

/** A local cluster that others use, until its standard input ends. `IMAGES` is its option `images`, as JSON. */
export const CLUSTER = `
import { startLocalCluster } from '@podqueue/k8s/local'

async function main(): Promise<void> {
  const cluster = await startLocalCluster({ images: JSON.parse(process.env.IMAGES ?? '{}') })
  console.log(cluster.kubeconfigPath)
  process.stdin.resume().once('end', () => void cluster.close())
}
void main()
`

/** The body of a test, in the words of any runner: an item without a broker, and one by way of the broker. */
export const TEST_BODY = `
  const queue = process.env.QUEUE ?? ''
  const handler = (item: Item) => item.text().toUpperCase()
  equal(handler(createTestItem('apple')), 'APPLE')
  const { confirmed } = await enqueue(queue, ['banana', { fruit: 'cherry' }, new Uint8Array([1])])
  equal(confirmed, 3)
  const outcome = await consumeOne(handler, { queue })
  equal(outcome.status === 'done' && outcome.result, 'BANANA')
  equal(await enqueue(queue, 'apple' as never).catch((error) => error instanceof ProducerError && error.code), 'INVALID_ITEMS')
  equal(buildJob({ name: 'work', image: 'worker', items: 3, queue: { name: queue, podUrl: 'amqp://rabbitmq' } }).kind, 'Job')
`
export const TEST_IMPORTS = `
import { buildJob } from '@podqueue/k8s'
import { enqueue, ProducerError } from '@podqueue/producer'
import { consumeOne, type Item } from '@podqueue/worker'
import { createTestItem } from '@podqueue/worker/testing'
`

/** Runs the tutorial and the parameter sweep of `examples`, whose files are in the folders beside it, on a local cluster. */
export const EXAMPLES = `
import { startLocalCluster } from '@podqueue/k8s/local'
import { createProducer } from '@podqueue/producer'
import { fruitJob, processFruits } from './fruits/main.ts'
import { SETS } from './sweep/sets.ts'
import { sweep } from './sweep/sweep.ts'

const { BROKER_URL = '', QUEUE = '' } = process.env
const image = (folder: string) => [process.execPath, import.meta.dirname + '/' + folder + '/worker.ts']
const cluster = await startLocalCluster({ images: { fruits: image('fruits'), sweep: image('sweep') } })
const { kubeConfig } = cluster
try {
  const producer = createProducer()
  const { succeeded } = await processFruits(fruitJob('fruits', QUEUE, BROKER_URL), producer.queue(QUEUE), { kubeConfig })
  await producer.close()
  const { scores, failures } = await sweep(SETS, 'sweep', BROKER_URL, { kubeConfig })
  const found = scores.filter((score) => score !== undefined)
  console.log(succeeded, 'fruits;', found.length + failures.length, 'sets')
} finally {
  await cluster.close()
}
`
export const EXAMPLES_PRINT = '8 fruits; 500 sets\n'
