import type { Container } from '../objects/objects.ts'

/** An image that has programs of its own, besides its ENTRYPOINT. */
export interface LocalImage {
  /** The command that the image stands for, as its ENTRYPOINT. */
  readonly entrypoint: readonly string[]
  /**
   * The image's programs that are others on this machine: `{ '/bin/sh': 'bash' }`, `{ '/app/worker': '/home/me/worker' }`. A
   * container whose command begins with the one runs the other.
   *
   * @default {}
   */
  readonly programs?: Readonly<Record<string, string>> | undefined
}

/** An image with its defaults filled in. */
export interface ResolvedImage {
  readonly entrypoint: readonly string[]
  readonly programs: Readonly<Record<string, string>>
}

/** Every image by its name. */
export type Images = Readonly<Record<string, ResolvedImage>>

export type ImageLookup =
  | { readonly image: ResolvedImage }
  /** The reasons of a waiting container: of now, and of later when that differs. */
  | { readonly reason: string; readonly message: string; readonly thenReason?: string }

/** An image that is not known and needs not be: its container brings its own command. */
const ANY_IMAGE: ResolvedImage = { entrypoint: [], programs: {} }

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
  const known = Object.hasOwn(images, image) ? images[image] : undefined
  if (known) return { image: known }
  if (!IMAGE_NAME.test(image)) {
    return {
      reason: 'InvalidImageName',
      message: `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`,
    }
  }
  if (!strict && command && command.length > 0) return { image: ANY_IMAGE }
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
