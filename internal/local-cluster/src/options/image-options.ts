import type { Names, Problems } from '@internal/options'
import type { Images, LocalImage, ResolvedImage } from '../kubelet/image.ts'

const IMAGE: Names<LocalImage> = { entrypoint: true, programs: true }
const EXAMPLE = "{ 'registry.example/worker:1': ['node', 'worker.ts'] }"

/** Adds the problems of `images`, and returns a copy with the defaults of each image filled in. */
export function checkImages(problems: Problems, given: unknown): Images {
  const copy = copyOf(given)
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    problems.add('images', `must be a plain object such as ${EXAMPLE}`)
    return {}
  }
  const images = Object.entries(copy).map(([name, value]) => [name, checkImage(problems, `images['${name}']`, value)])
  return Object.fromEntries(images)
}

/** A copy of plain data; undefined for anything else, such as a function, or an object whose getter throws. */
function copyOf(value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}

function checkImage(problems: Problems, path: string, given: unknown): ResolvedImage {
  const image: LocalImage = Array.isArray(given)
    ? { entrypoint: given }
    : problems.known(path, given as LocalImage, IMAGE)
  const { entrypoint, programs = {} } = image
  const words = Array.isArray(entrypoint) && entrypoint.every((word) => typeof word === 'string')
  if (!words || !entrypoint[0]) {
    problems.add(path, "must be a command as a non-empty array of strings: ['node', 'worker.ts']")
  }
  if (!isTextMap(programs)) {
    problems.add(`${path}.programs`, "must be an object of non-empty strings: { '/bin/sh': 'bash' }")
  }
  return { entrypoint, programs }
}

function isTextMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((text) => typeof text === 'string' && text !== '')
}
