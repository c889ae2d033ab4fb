import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { forwardPort } from './port-forward.ts'

const run = promisify(execFile)

/** A RabbitMQ in a namespace of the caller's own, on the cluster of KUBECONFIG; all of it goes at the end. Needs kubectl. */
export interface ClusterBroker extends AsyncDisposable {
  readonly namespace: string
  /** As this process reaches it. Pods reach it as {@link POD_URL}. */
  readonly url: string
  kubectl(...args: string[]): Promise<string>
  /** Ends every connection and refuses new ones, until `start`: what is in durable queues stays. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Lets a queue's leader answer nobody, as one on a node that hangs, until what is returned is called. */
  stopLeader(queue: string): Promise<() => Promise<void>>
}

/** The broker's address for pods of its namespace. */
export const POD_URL = 'amqp://rabbitmq-service:5672'

/** @param purpose a part of the name of its namespace */
export async function startClusterBroker(purpose: string): Promise<ClusterBroker> {
  const namespace = `podqueue-${purpose}-${randomBytes(4).toString('hex')}`
  const kubectl = async (...args: string[]): Promise<string> =>
    (await run('kubectl', ['--namespace', namespace, ...args])).stdout
  await using cleanUp = new AsyncDisposableStack()
  await kubectl('create', 'namespace', namespace)
  cleanUp.defer(async () => void (await kubectl('delete', 'namespace', namespace, '--wait=false')))
  await kubectl(
    'apply',
    '--filename',
    fileURLToPath(new URL('../../../examples/fruits/rabbitmq.yaml', import.meta.url)),
  )
  await kubectl('rollout', 'status', 'deployment/rabbitmq', '--timeout=180s')
  const { port } = cleanUp.use(await forwardPort(namespace, 'rabbitmq-service', 5672))
  const ctl = (...args: string[]) => kubectl('exec', 'deployment/rabbitmq', '--', 'rabbitmqctl', '--quiet', ...args)
  const kept = cleanUp.move()
  return {
    namespace,
    url: `amqp://127.0.0.1:${port}`,
    kubectl,
    stop: async () => void (await ctl('stop_app')),
    start: async () => void (await ctl('start_app')),
    stopLeader: async (queue) => {
      const leader = (what: 'suspend' | 'resume') => ctl('eval', `sys:${what}(whereis('%2F_${queue}')).`)
      await leader('suspend')
      return async () => void (await leader('resume'))
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
