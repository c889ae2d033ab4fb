import { handlerImage, programImage } from '@internal/demo'

const here = (file: string): URL => new URL(file, import.meta.url)

/** The images of the two Dockerfiles, as the local cluster runs them. */
export const IMAGES = {
  'podqueue-sweep:1': handlerImage(here('worker.ts')),
  'podqueue-sweep-program:1': programImage(here('score.py'), 'score.py, unchanged', '--dead-letter-on', '2'),
}
