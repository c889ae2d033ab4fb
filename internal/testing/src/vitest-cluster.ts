import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { buildExampleImages, buildImage, loadImages } from './cluster-images.ts'

const run = promisify(execFile)

const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`)

/** The images that the suites run in pods, besides those of the examples, which are built. */
const PUBLIC_IMAGES = ['debian:bookworm-slim', 'rabbitmq:4']
/** An image whose program runs as that user, made of a public one. */
const USER_IMAGES: Readonly<Record<string, string>> = {
  'podqueue-test-user-name': 'RUN useradd --create-home --uid 1000 worker\nUSER worker',
  'podqueue-test-user-number': 'RUN chown 1001 /srv\nUSER 1001',
}

/** For `globalSetup` of the suite on a real cluster: builds the images of the examples and of the tests, and hands them to the cluster. */
export async function setup(): Promise<void> {
  if (!process.env.KUBECONFIG) throw new Error('KUBECONFIG is not set: it names the cluster that the suite may use.')
  const { stdout } = await run('kubectl', ['get', 'nodes', '--output', 'name'])
  say(`${process.env.KUBECONFIG} with ${stdout.trim().split('\n').join(', ')}`)
  const images = [...(await buildExampleImages('fruits')), ...(await buildExampleImages('sweep'))]
  say(`built ${images.join(', ')}`)
  for (const [name, lines] of Object.entries(USER_IMAGES)) await buildImage(name, ['FROM debian:bookworm-slim', lines])
  await loadImages([...PUBLIC_IMAGES, ...images, ...Object.keys(USER_IMAGES)])
  say('the cluster has the images')
}
