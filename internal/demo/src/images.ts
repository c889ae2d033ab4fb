import { fileURLToPath } from 'node:url'

/** One image of an example: what it is, and the command that its Dockerfile stands for, for the local cluster. */
export interface DemoImage {
  readonly about: string
  readonly command: readonly string[]
}

/** The images of an example by name. The first is the default. */
export type DemoImages = Readonly<Record<string, DemoImage>>

/** An image whose worker is a handler in TypeScript. */
export function handlerImage(file: URL): DemoImage {
  return { about: 'a handler', command: [process.execPath, fileURLToPath(file)] }
}

/** An image whose worker is an unchanged program around which `podqueue-worker` runs with these options. */
export function programImage(file: URL, about: string, ...options: readonly string[]): DemoImage {
  const worker = new URL('dist/podqueue-worker.js', import.meta.resolve('@podqueue/worker/package.json'))
  return { about, command: [process.execPath, fileURLToPath(worker), ...options, '--', fileURLToPath(file)] }
}

/** The commands of images, as `startLocalCluster` takes them. */
export function commandsOf(images: DemoImages): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(images).map(([name, { command }]) => [name, command]))
}
