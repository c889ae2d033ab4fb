import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const examples = fileURLToPath(new URL('../../../examples', import.meta.url))

/** Builds both images of an example. Returns their names, with the tag 1 and without a tag. */
export async function buildExampleImages(example: string): Promise<string[]> {
  await run('./build-images.sh', [example], { cwd: examples })
  return [`podqueue-${example}`, `podqueue-${example}-program`].flatMap((name) => [name, `${name}:1`])
}

/** Builds an image from the lines of a Dockerfile, with the folder of an example as its context where one is named. */
export async function buildImage(name: string, lines: readonly string[], example?: string): Promise<void> {
  const source = example === undefined ? ['-'] : ['--file', '-', `${examples}/${example}`]
  const building = run('docker', ['build', '--quiet', '--tag', name, ...source])
  building.child.stdin?.end(lines.join('\n'))
  await building
}

/**
 * Hands images to the cluster by the command in `LOAD_IMAGES`, to which their names are added (`kind load docker-image`, `minikube
 * image load`). Without one the cluster is taken to share the images of Docker.
 */
export async function loadImages(names: readonly string[]): Promise<void> {
  const load = process.env.LOAD_IMAGES
  if (load) await run('sh', ['-c', `${load} "$@"`, 'load', ...names])
}
