import { Problems } from '@internal/options'
import type { V1Job, V1Secret } from '@kubernetes/client-node'
import { dump } from 'js-yaml'
import { K8sError } from '../errors.ts'
import { brokerSecret } from './broker-secret.ts'
import { assembleJob } from './build-job.ts'
import { checkPlain } from './check-shape.ts'
import { requireValidSpec } from './check-spec.ts'
import type { JobSpec } from './job-spec.ts'

/**
 * Builds everything that `kubectl apply` needs for a Job: the Job, and the Secret with the broker's address when the spec
 * holds the address itself. `kubectl apply` does not tie the two together, so that Secret stays when the Job goes.
 *
 * @throws {K8sError} `INVALID_OPTIONS` with everything that is wrong with the spec.
 */
export function buildManifests(spec: JobSpec): { job: V1Job; secret?: V1Secret } {
  requireValidSpec('buildManifests', spec)
  const job = assembleJob(spec)
  const secret = brokerSecret(spec)
  return secret === undefined ? { job } : { job, secret }
}

/**
 * Writes objects as YAML documents, ready for `kubectl apply -f -`. Undefined objects and properties are left out.
 *
 * @throws {K8sError} `INVALID_OPTIONS` for an object that JSON cannot hold: a cycle, a bigint, a function, a symbol
 */
export function toYaml(...objects: readonly (object | undefined)[]): string {
  const problems = new Problems()
  for (const [index, object] of objects.entries()) {
    const path = `objects[${index}]`
    problems.guard(path, () => {
      const before = problems.found.length
      checkPlain(problems, path, object)
      // A toJSON of the app may throw.
      if (problems.found.length === before) JSON.stringify(object)
    })
  }
  problems.throwAs('toYaml', (fields) => new K8sError(fields))
  return objects
    .filter((object) => object !== undefined)
    .map((object) => dump(JSON.parse(JSON.stringify(object)), { lineWidth: 120, noRefs: true }))
    .join('---\n')
}
