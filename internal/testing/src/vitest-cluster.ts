import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`)

/** The images that the suites run in pods, besides those of the example, which are built. */
const PUBLIC_IMAGES = ['debian:bookworm-slim', 'rabbitmq:4']
/** An image whose program runs as that user, made of a public one. */
const USER_IMAGES: Readonly<Record<string, string>> = {
  'podqueue-test-user-name': 'RUN useradd --create-home --uid 1000 worker\nUSER worker',
  'podqueue-test-user-number': 'RUN chown 1001 /srv\nUSER 1001',
}
const FRUITS_IMAGES = ['podqueue-fruits', 'podqueue-fruits-program']

/**
 * For `globalSetup` of the suite on a real cluster: builds the images of the example and of the tests, and hands them to the cluster by the
 * command in `LOAD_IMAGES`, to which their names are added (`kind load docker-image`, `minikube image load`). Without
 * one the cluster is taken to share the images of Docker.
 */
export async function setup(): Promise<void> {
  if (!process.env.KUBECONFIG) throw new Error('KUBECONFIG is not set: it names the cluster that the suite may use.')
  const { stdout } = await run('kubectl', ['get', 'nodes', '--output', 'name'])
  say(`${process.env.KUBECONFIG} with ${stdout.trim().split('\n').join(', ')}`)
  const fruits = fileURLToPath(new URL('../../../examples/fruits', import.meta.url))
  await run('./build-images.sh', { cwd: fruits })
  say(`built ${FRUITS_IMAGES.join(' and ')}`)
  for (const [name, lines] of Object.entries(USER_IMAGES)) {
    const building = run('docker', ['build', '--quiet', '--tag', name, '-'])
    building.child.stdin?.end(`FROM debian:bookworm-slim\n${lines}\n`)
    await building
  }
  const load = process.env.LOAD_IMAGES
  if (!load) return
  await run('sh', ['-c', `${load} "$@"`, 'load', ...PUBLIC_IMAGES, ...FRUITS_IMAGES, ...Object.keys(USER_IMAGES)])
  say('loaded the images')
}
