import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LocalClusterError } from '../local-cluster-error.ts'

/**
 * The program of the supervisor process: a file beside the one at `here`, `supervisor.ts` in the source and `supervisor.js` in the package.
 *
 * @param here `import.meta.url`, which some bundlers leave empty
 * @throws {LocalClusterError} `LOCAL_CLUSTER_FAILED` when a bundler has moved the code away from that file
 */
export function supervisorFile(here: string | undefined): string {
  const name = here?.endsWith('.ts') ? 'supervisor.ts' : 'supervisor.js'
  const url = here?.startsWith('file:') ? new URL(name, here) : undefined
  const file = url === undefined ? undefined : fileURLToPath(url)
  if (file !== undefined && existsSync(file)) return file
  throw new LocalClusterError({
    code: 'LOCAL_CLUSTER_FAILED',
    message: `the local cluster could not be started: the file ${file ?? name} is not there, which is the program of a process of its own`,
    hint: 'A bundler leaves that file behind. Keep @podqueue/k8s out of the bundle: `--external:@podqueue/k8s` of esbuild, `externals` of webpack.',
  })
}
