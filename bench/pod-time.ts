/**
 * Where the time of a pod goes, from its creation until the end of its Job is known here, on a real cluster: scheduled, sandbox,
 * process, connection, first item, last ack, exit, seen. Two pods take eight items of one second, as many as they can get.
 *
 * `npm run build && node bench/pod-time.ts`. Needs KUBECONFIG, kubectl and docker; `LOAD_IMAGES` is the command that hands images to the
 * cluster. The clocks of the pods have to be those of this machine.
 */
import { POD_URL, startClusterBroker } from '@internal/testing/cluster-broker'
import { KubeConfig, type V1Pod, Watch } from '@kubernetes/client-node'
import { createJobClient } from '@podqueue/k8s'
import { declareQueue, enqueue } from '@podqueue/producer'
import { buildTutorialImages } from './tutorial-images.ts'

const QUEUE = 'job1'
const ITEMS = 8

/** Runs in the worker's process before it: prints the moments that only the process itself knows. */
const MARKS = `
import { subscribe } from 'node:diagnostics_channel'
const mark = (name, at = Date.now()) => process.stdout.write(\`@\${name} \${at}\\n\`)
mark('process', Math.round(performance.timeOrigin))
subscribe('net.client.socket', ({ socket }) => socket.once('connect', () => mark('connected')))
subscribe('podqueue:take', () => mark('item'))
subscribe('podqueue:ack', ({ phase }) => phase === 'accepted' && mark('acked'))
process.on('exit', () => mark('exit'))
`

/** The moments of a pod. `ended` and `complete` are when this process hears of them. */
type Step =
  | 'created'
  | 'scheduled'
  | 'sandbox'
  | 'process'
  | 'connected'
  | 'item'
  | 'acked'
  | 'exit'
  | 'ended'
  | 'complete'
/** Of the moments that come several times, the last one counts for these, else the first. */
const LAST: ReadonlySet<Step> = new Set(['acked', 'exit'])

await buildTutorialImages()
await using cluster = await startClusterBroker('bench')
await declareQueue(QUEUE, { url: cluster.url })
await enqueue(
  QUEUE,
  Array.from({ length: ITEMS }, (_, index) => `item ${index}`),
  { url: cluster.url },
)

const kubeConfig = new KubeConfig()
kubeConfig.loadFromDefault()
const pods = new Map<string, Map<Step, number>>()
const note = (pod: string, step: Step, at = Date.now()): void => {
  const moments = pods.get(pod) ?? new Map<Step, number>()
  pods.set(pod, moments)
  if (!moments.has(step) || LAST.has(step)) moments.set(step, at)
}
const watching = await new Watch(kubeConfig).watch(
  `/api/v1/namespaces/${cluster.namespace}/pods`,
  {},
  (_, pod: V1Pod) => {
    const { metadata, spec, status } = pod
    if (metadata?.labels?.['job-name'] === undefined || metadata.name === undefined) return
    note(metadata.name, 'created')
    if (spec?.nodeName !== undefined) note(metadata.name, 'scheduled')
    const isTrue = (type: string): boolean =>
      status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true
    if (isTrue('PodReadyToStartContainers')) note(metadata.name, 'sandbox')
    if (status?.phase === 'Succeeded') note(metadata.name, 'ended')
  },
  () => {},
)
await using client = createJobClient({ namespace: cluster.namespace })
const begun = Date.now()
await client.runJob({
  name: 'work',
  image: 'podqueue-fruits',
  imagePullPolicy: 'IfNotPresent',
  items: ITEMS,
  itemsPerPod: 'all',
  parallelism: 2,
  queue: { name: QUEUE, podUrl: POD_URL },
  env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(MARKS)}` },
})
const complete = Date.now()
watching.abort()
for (const pod of pods.keys()) {
  for (const [, name, at] of (await cluster.kubectl('logs', pod)).matchAll(/^@(\w+) (\d+)$/gm)) {
    note(pod, name as Step, Number(at))
  }
  note(pod, 'complete', complete)
}

process.stdout.write(`\nEight items of one second, two pods, itemsPerPod 'all': ${(complete - begun) / 1000} s\n`)
process.stdout.write('milliseconds since the request for the Job, and since the step before\n')
for (const [pod, moments] of pods) {
  process.stdout.write(`\n${pod}\n`)
  let before = begun
  // In the order of time: this process hears of a sandbox later than its container may have started.
  for (const [step, at] of [...moments].toSorted(([, one], [, other]) => one - other)) {
    process.stdout.write(`  ${step.padEnd(10)} ${String(at - begun).padStart(6)}  +${at - before}\n`)
    before = at
  }
}
