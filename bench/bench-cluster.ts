import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const fruits = fileURLToPath(new URL('../examples/fruits/', import.meta.url))

/** The image of the tutorial by hand: amqp-tools, and the program that knows nothing of queues. */
export const BY_HAND = 'podqueue-bench-amqp-consume'

/** The broker's address for pods. */
export const POD_URL = 'amqp://rabbitmq-service:5672'

/** A namespace of a real cluster with a broker in it. It is deleted at the end. */
export interface BenchCluster extends AsyncDisposable {
  readonly namespace: string
  /** The broker's address for this process. */
  readonly url: string
  kubectl(...args: readonly string[]): Promise<string>
}

/** Builds the images of the tutorial, by podqueue and by hand, and hands them to the cluster by `LOAD_IMAGES`. */
export async function buildTutorialImages(): Promise<void> {
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
}

/** Starts a broker in a namespace of its own. Needs KUBECONFIG and kubectl. */
export async function benchCluster(): Promise<BenchCluster> {
  const namespace = `podqueue-bench-${randomBytes(4).toString('hex')}`
  const kubectl = async (...args: readonly string[]): Promise<string> =>
    (await run('kubectl', ['--namespace', namespace, ...args])).stdout
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
  const owned = cleanUp.move()
  return { namespace, url, kubectl, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
