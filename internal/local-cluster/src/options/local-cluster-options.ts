import { isArray, type Names, Problems } from '@internal/options'
import { checkFaults, type LocalFault } from '../faults/faults.ts'
import type { Images, LocalImage } from '../kubelet/image.ts'
import { LocalClusterError } from '../local-cluster-error.ts'
import { checkImages } from './image-options.ts'

/** The options of {@link startLocalCluster}. */
export interface LocalClusterOptions {
  /**
   * The command of each image, as its ENTRYPOINT: `{ 'registry.example/worker:1': ['node', 'worker.ts'] }`.
   * A container's `command` replaces it, its `args` follow it. A container of an image that is not here runs its `command`;
   * without one it waits in ErrImagePull and ImagePullBackOff, as with a registry that does not have the image. An object names
   * programs of the image too: `{ entrypoint: ['sh'], programs: { '/bin/sh': 'bash' } }`.
   *
   * @default {}
   */
  readonly images?: Readonly<Record<string, readonly string[] | LocalImage>> | undefined
  /**
   * Whether an image that is not in `images` cannot be pulled even when the container has a `command`.
   *
   * @default false
   */
  readonly strictImages?: boolean | undefined
  /**
   * Factor on every backoff delay of Kubernetes: of the Job's retries (10 s, 20 s, … 10 min), of crash loops and of image pulls.
   * 0.01 turns minutes into seconds for tests, and keeps the proportions.
   *
   * @default 1
   */
  readonly backoffScale?: number | undefined
  /**
   * Working directory of containers without a `workingDir`, and where a relative one starts.
   *
   * @default process.cwd()
   */
  readonly cwd?: string | undefined
  /**
   * Names of further variables of this process that every container sees. Without this option it sees PATH, HOME, USER, LOGNAME, SHELL, LANG,
   * LANGUAGE, LC_*, TZ, TMPDIR, TEMP, TMP, NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and SSL_CERT_DIR only, so that an app's
   * secrets stay its own as they would in a real cluster.
   *
   * @default []
   */
  readonly inheritEnv?: readonly string[] | undefined
  /**
   * Failures of requests to the API server, to test how your code reacts.
   *
   * @default []
   */
  readonly faults?: readonly LocalFault[] | undefined
}

/** The options with every default filled in. */
type ResolvedLocalClusterOptions = {
  readonly [Name in Exclude<keyof LocalClusterOptions, 'images'>]-?: NonNullable<LocalClusterOptions[Name]>
} & { readonly images: Images }

const LOCAL_CLUSTER_OPTIONS: Names<LocalClusterOptions> = {
  images: true,
  strictImages: true,
  backoffScale: true,
  cwd: true,
  inheritEnv: true,
  faults: true,
}

/** The options with their defaults. Throws `INVALID_OPTIONS` with everything that is wrong. */
export function resolveLocalClusterOptions(options: LocalClusterOptions): ResolvedLocalClusterOptions {
  const problems = new Problems()
  const {
    images = {},
    strictImages = false,
    backoffScale = 1,
    cwd = process.cwd(),
    inheritEnv = [],
    faults = [],
  } = problems.options('options', options, LOCAL_CLUSTER_OPTIONS)
  const resolvedImages = problems.guard('images', () => checkImages(problems, images)) ?? {}
  problems.flag('strictImages', strictImages)
  if (typeof backoffScale !== 'number' || !(backoffScale >= 0 && backoffScale <= 1)) {
    problems.add('backoffScale', 'must be a number from 0 to 1: 1 is the time that Kubernetes takes')
  }
  problems.text('cwd', cwd)
  problems.shape(
    'inheritEnv',
    inheritEnv,
    (names: unknown) => isArray(names) && names.every((name) => typeof name === 'string'),
    "must be an array of names of variables: ['MY_SETTING']",
  )
  problems.guard('faults', () => checkFaults(problems, faults))
  problems.throwAs('startLocalCluster', (fields) => new LocalClusterError(fields))
  return { images: resolvedImages, strictImages, backoffScale, cwd, inheritEnv, faults }
}
