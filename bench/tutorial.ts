/**
 * Kubernetes' tutorial "Coarse parallel processing using a work queue", four ways in turn: as it is written, with amqp-consume and a
 * hand-written Job; with podqueue's handler; with podqueue's command and the same unchanged program; with pods that take all they can. Eight items of one second, two
 * pods at a time. The time is from the request for the Job until its end is known here.
 *
 * `npm run build && node bench/tutorial.ts [ROUNDS]`. Needs KUBECONFIG, kubectl and docker; `LOAD_IMAGES` is the command that hands images
 * to the cluster, to which their names are added.
 */
import { POD_URL, startClusterBroker } from '@internal/testing/cluster-broker'
import { BatchV1Api, KubeConfig, type V1Job } from '@kubernetes/client-node'
import { createJobClient, type JobResult, type JobSpec } from '@podqueue/k8s'
import { declareQueue, enqueue, inspectQueue } from '@podqueue/producer'
import { interleave, printStandings } from './interleave.ts'
import { BY_HAND, buildTutorialImages } from './tutorial-images.ts'

const FRUITS = ['apple', 'banana', 'cherry', 'date', 'fig', 'grape', 'lemon', 'melon']
const QUEUE = 'job1'

const say = (line: string): void => void process.stderr.write(`tutorial: ${line}\n`)

/** The Job of the tutorial, by hand. */
function jobByHand(name: string): V1Job {
  const env = [
    { name: 'BROKER_URL', value: POD_URL },
    { name: 'QUEUE', value: QUEUE },
  ]
  const container = { name: 'c', image: BY_HAND, imagePullPolicy: 'IfNotPresent', env }
  return {
    metadata: { name },
    spec: {
      completions: FRUITS.length,
      parallelism: 2,
      template: { metadata: { name }, spec: { restartPolicy: 'OnFailure', containers: [container] } },
    },
  }
}

await buildTutorialImages()
say('built the images')
const kubeConfig = new KubeConfig()
kubeConfig.loadFromDefault()
const batch = kubeConfig.makeApiClient(BatchV1Api)
await using cluster = await startClusterBroker('bench')
const { namespace, url } = cluster
await declareQueue(QUEUE, { url })
await using client = createJobClient({ namespace })

let jobs = 0
/** Fills the queue, runs a Job over it, and returns how long that took, seconds. */
async function seconds(runJobOver: (name: string) => Promise<JobResult>): Promise<number> {
  const { confirmed } = await enqueue(QUEUE, FRUITS, { url })
  const begun = performance.now()
  const result = await runJobOver(`work-${++jobs}`)
  const took = (performance.now() - begun) / 1000
  const { ready } = await inspectQueue(QUEUE, { url })
  const isDone = confirmed === FRUITS.length && ready === 0 && result.failed === 0
  if (!isDone) throw new Error(`not all is done: ${JSON.stringify(result)}`)
  return took
}

const byPodqueue =
  (image: string, itemsPerPod: JobSpec['itemsPerPod'] = 1) =>
  () =>
    seconds((name) =>
      client.runJob({
        name,
        image,
        imagePullPolicy: 'IfNotPresent',
        items: FRUITS.length,
        itemsPerPod,
        parallelism: 2,
        queue: { name: QUEUE, podUrl: POD_URL },
      }),
    )

const byHand = () =>
  seconds(async (name) => {
    await batch.createNamespacedJob({ namespace, body: jobByHand(name) })
    return client.waitForJob(name)
  })

say('the first round warms up and does not count')
const rounds = Number(process.argv[2] ?? 3)
printStandings(
  'Eight items of one second, two pods at a time',
  's',
  await interleave(
    [
      { name: 'amqp-consume, hand-written Job', run: byHand },
      { name: 'podqueue, handler', run: byPodqueue('podqueue-fruits') },
      { name: 'podqueue, unchanged program', run: byPodqueue('podqueue-fruits-program') },
      { name: "podqueue, handler, itemsPerPod: 'all'", run: byPodqueue('podqueue-fruits', 'all') },
    ],
    rounds,
  ),
)
