import { Problems } from '@internal/options'
import type { V1Job, V1Secret } from '@kubernetes/client-node'
import { K8sError } from '../errors.ts'
import { brokerSecret } from './broker-secret.ts'
import { assembleJob } from './build-job.ts'
import { checkSpec } from './check-spec.ts'
import type { JobSpec } from './job-spec.ts'

/**
 * Builds everything that `kubectl apply` needs for a Job: the Job, and the Secret with the broker's address when the spec
 * holds the address itself. `kubectl apply` does not tie the two together, so that Secret stays when the Job goes.
 *
 * @throws {K8sError} `INVALID_OPTIONS` with everything that is wrong with the spec.
 */
export function buildManifests(spec: JobSpec): { job: V1Job; secret?: V1Secret } {
  const problems = new Problems()
  checkSpec(problems, spec)
  problems.throwAs('buildManifests', (fields) => new K8sError(fields))
  const job = assembleJob(spec)
  const secret = brokerSecret(spec)
  return secret === undefined ? { job } : { job, secret }
}

/** The objects as YAML documents, ready for `kubectl apply -f -`. What is undefined is left out. */
export function toYaml(...objects: readonly (object | undefined)[]): string {
  // Loaded here, since most programs that import the package never print YAML.
  const { createRequire } = process.getBuiltinModule('node:module')
  const { dump } = createRequire(import.meta.url)('js-yaml') as typeof import('js-yaml')
  return objects
    .filter((object) => object !== undefined)
    .map((object) => dump(JSON.parse(JSON.stringify(object)), { lineWidth: 120, noRefs: true }))
    .join('---\n')
}
