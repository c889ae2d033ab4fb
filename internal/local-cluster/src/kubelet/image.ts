import type { Container } from '../objects.ts'

/** The ENTRYPOINT that each image name stands for. */
export type Images = Readonly<Record<string, readonly string[]>>

export type ImageLookup =
  | { readonly entrypoint: readonly string[] }
  /** The reasons of a waiting container: of now, and of later when that differs. */
  | { readonly reason: string; readonly message: string; readonly thenReason?: string }

/** Domain, path, tag and digest of an image name, roughly: enough to recognize a text that is not a name. */
const IMAGE_NAME =
  /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@[\w+.-]+:[0-9a-fA-F]{32,})?$/

/**
 * Looks an image up. Without an entry the container's own command is enough, unless `strict`: it replaces the ENTRYPOINT
 * in any case. Otherwise the image is like one that no registry has.
 */
export function lookUpImage(
  { image, command, imagePullPolicy }: Container,
  images: Images,
  strict: boolean,
): ImageLookup {
  const entrypoint = Object.hasOwn(images, image) ? images[image] : undefined
  if (entrypoint) return { entrypoint }
  if (!IMAGE_NAME.test(image)) {
    return {
      reason: 'InvalidImageName',
      message: `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`,
    }
  }
  if (!strict && command && command.length > 0) return { entrypoint: [] }
  if (imagePullPolicy === 'Never') {
    return {
      reason: 'ErrImageNeverPull',
      message: `Container image "${image}" is not present with pull policy of Never`,
    }
  }
  return {
    reason: 'ErrImagePull',
    message: `failed to pull image "${image}": the local cluster knows no command for it: give one in \`images\``,
    thenReason: 'ImagePullBackOff',
  }
}
