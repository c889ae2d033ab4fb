import { createInterface } from 'node:readline/promises'
import { type Broker, findBroker, uniqueName } from '@internal/testing'
import type { ClientOptions } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'
import { deleteQueue, inspectQueue, ProducerError } from '@podqueue/producer'
import { type DemoArguments, EX_USAGE, UsageError } from './arguments.ts'
import { commandsOf, type DemoImages } from './images.ts'

/** The images of an example, and the name of its queue. */
interface Props {
  readonly images: DemoImages
  readonly queue: string
}

/** The broker and the cluster that the example needs. Its end leaves nothing behind that was not there before. */
export interface Scene extends AsyncDisposable {
  readonly brokerUrl: string
  readonly podUrl: string
  readonly queue: string
  /** Which cluster, for `runJob`. */
  readonly client: ClientOptions
}

/** Finds or starts a broker and a cluster, and says in a line each what they are. */
export async function setScene(
  { images, queue: ownQueue }: Props,
  { cluster, image, broker: url, podBroker }: DemoArguments,
  { announce, signal }: { readonly announce: (line: string) => void; readonly signal: AbortSignal },
): Promise<Scene> {
  if (cluster === 'local' && images[image] === undefined) {
    throw new UsageError(
      `the local cluster runs no containers and has no image ${image}\n` +
        `  It knows ${Object.keys(images).join(' and ')}; for any other, --cluster kube`,
      EX_USAGE,
    )
  }
  await using stack = new AsyncDisposableStack()
  const broker = stack.use(
    await findBroker({
      url,
      announce: (line) => announce(`broker: ${line}`),
      ...(process.stdin.isTTY === true ? { confirm: askOnTerminal(signal) } : {}),
      signal,
    }),
  )
  announce(`broker: ${broker.description}`)
  const queue = queueOn(broker, ownQueue)
  await checkBroker(broker.url, queue, signal)
  if (queue !== ownQueue) stack.defer(() => deleteQueue(queue, { url: broker.url, discardItems: true }))
  const common = { brokerUrl: broker.url, podUrl: podBroker ?? broker.url, queue }
  if (cluster === 'kube') {
    announce('cluster: the current kubeconfig')
    const kept = stack.move()
    return { ...common, client: {}, [Symbol.asyncDispose]: () => kept.disposeAsync() }
  }
  const local = stack.use(await startLocalCluster({ images: commandsOf(images) }))
  announce(`cluster: local, at ${local.url}; its pods are processes of this machine`)
  const kept = stack.move()
  return { ...common, client: { kubeConfig: local.kubeConfig }, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** On a broker that serves others too, a queue of a name that nobody else has, deleted at the end. */
function queueOn({ way }: Broker, queue: string): string {
  return way === 'given' || way === 'localhost' ? uniqueName('podqueue-demo') : queue
}

/** Whether the broker lets us in, before anything else is started. Its queue is new, so the answer that it does not exist is the good one. */
async function checkBroker(url: string, queue: string, signal: AbortSignal): Promise<void> {
  try {
    await inspectQueue(queue, { url, reconnectForMs: 3_000, signal })
  } catch (error) {
    if (!(error instanceof ProducerError && error.code === 'QUEUE_NOT_FOUND')) throw error
  }
}

function askOnTerminal(signal: AbortSignal): (question: string) => Promise<boolean> {
  return async (question) => {
    const terminal = createInterface({ input: process.stdin, output: process.stdout })
    try {
      return /^y(es)?$/i.test(await terminal.question(`${question} [y/N] `, { signal }))
    } finally {
      terminal.close()
    }
  }
}
