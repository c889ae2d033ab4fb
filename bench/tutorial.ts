/**
 * Kubernetes' tutorial "Coarse parallel processing using a work queue", three ways in turn: as it is written, with amqp-consume and a
 * hand-written Job; with podqueue's handler; with podqueue's command and the same unchanged program. Eight items of one second, two
 * pods at a time. The time is from the request for the Job until its end is known here.
 *
 * `npm run build && node bench/tutorial.ts [ROUNDS]`. Needs KUBECONFIG, kubectl and docker; `LOAD_IMAGES` is the command that hands images
 * to the cluster, to which their names are added.
 */
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { BatchV1Api, KubeConfig, type V1Job } from '@kubernetes/client-node'
import { createJobClient, type JobResult } from '@podqueue/k8s'
import { declareQueue, enqueue, inspectQueue } from '@podqueue/producer'
import { interleave, printStandings } from './interleave.ts'

const FRUITS = ['apple', 'banana', 'cherry', 'date', 'fig', 'grape', 'lemon', 'melon']
const QUEUE = 'job1'
const POD_URL = 'amqp://rabbitmq-service:5672'
const BY_HAND = 'podqueue-bench-amqp-consume'

const run = promisify(execFile)
const say = (line: string): void => void process.stderr.write(`tutorial: ${line}\n`)
const fruits = fileURLToPath(new URL('../examples/fruits/', import.meta.url))

/** The image of the tutorial: amqp-tools, and the program that knows nothing of queues. */
async function buildImages(): Promise<void> {
  await run('./build-images.sh', { cwd: fruits })
  const dockerfile = [
    'FROM debian:bookworm-slim',
    'RUN apt-get update && apt-get install -y --no-install-recommends amqp-tools python3 && rm -rf /var/lib/apt/lists/*',
    'COPY worker.py /worker.py',
    'CMD ["sh", "-c", "exec amqp-consume --url=$BROKER_URL -q $QUEUE -c 1 /worker.py"]',
  ]
  const building = run('docker', ['build', '--quiet', '--tag', BY_HAND, '--file', '-', fruits])
  building.child.stdin?.end(dockerfile.join('\n'))
  await building
  const images = ['rabbitmq:4', 'podqueue-fruits', 'podqueue-fruits-program', BY_HAND]
  const load = process.env.LOAD_IMAGES
  if (load) await run('sh', ['-c', `${load} "$@"`, 'load', ...images])
  say('built the images')
}

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

await buildImages()
const kubeConfig = new KubeConfig()
kubeConfig.loadFromDefault()
const batch = kubeConfig.makeApiClient(BatchV1Api)
const namespace = `podqueue-bench-${randomBytes(4).toString('hex')}`
const kubectl = (...args: string[]) => run('kubectl', ['--namespace', namespace, ...args])
await using cleanUp = new AsyncDisposableStack()
await kubectl('create', 'namespace', namespace)
cleanUp.defer(async () => void (await kubectl('delete', 'namespace', namespace, '--wait=false')))
await kubectl('apply', '--filename', `${fruits}rabbitmq.yaml`)
await kubectl('rollout', 'status', 'deployment/rabbitmq', '--timeout=180s')
const forward = spawn('kubectl', ['--namespace', namespace, 'port-forward', 'service/rabbitmq-service', ':5672'])
cleanUp.defer(async () => {
  forward.kill()
  if (forward.exitCode === null && forward.signalCode === null) await once(forward, 'exit')
})
let url = ''
for await (const line of createInterface(forward.stdout)) {
  const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1]
  if (port === undefined) continue
  url = `amqp://127.0.0.1:${port}`
  break
}
forward.stdout.resume()
forward.stderr.resume()
await declareQueue(QUEUE, { url })
const client = createJobClient({ namespace })
cleanUp.defer(() => client.close())

let jobs = 0
/** Fills the queue, runs a Job over it, and returns how long that took, seconds. */
async function seconds(runJobOver: (name: string) => Promise<JobResult>): Promise<number> {
  const { confirmed } = await enqueue(QUEUE, FRUITS, { url })
  const begun = performance.now()
  const result = await runJobOver(`work-${++jobs}`)
  const took = (performance.now() - begun) / 1000
  const { ready } = await inspectQueue(QUEUE, { url })
  if (result.succeeded !== confirmed || ready !== 0) throw new Error(`not all is done: ${JSON.stringify(result)}`)
  return took
}

const byPodqueue = (image: string) => () =>
  seconds((name) =>
    client.runJob({
      name,
      image,
      imagePullPolicy: 'IfNotPresent',
      items: FRUITS.length,
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
    ],
    rounds,
  ),
)
