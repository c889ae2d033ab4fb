import { unawaited } from '@internal/async'
import { describeThrown } from '@internal/errors'
import { Problems } from '@internal/options'
import type { V1Job } from '@kubernetes/client-node'
import { K8sError } from '../errors.ts'
import { isObject } from './check-shape.ts'
import { sizeProblem } from './job-limits.ts'
import { nameProblem } from './job-name.ts'
import type { JobSpec } from './job-spec.ts'
import { findNotPlain } from './plain-data.ts'

/**
 * The Job as a spec's `template` leaves it: changed in place, or another one that it returns.
 *
 * @throws {K8sError} `INVALID_OPTIONS` when `template` throws, or leaves no Job that Kubernetes can store
 */
export function applyTemplate(built: V1Job, template: JobSpec['template']): V1Job {
  const problems = new Problems()
  const job = template === undefined ? built : changed(problems, built, template)
  checkJob(problems, job, template === undefined ? 'spec' : 'template')
  problems.throwAs('spec', (fields) => new K8sError(fields))
  return job
}

function changed(problems: Problems, built: V1Job, template: NonNullable<JobSpec['template']>): V1Job {
  try {
    return unawaited(template(built)) ?? built
  } catch (error) {
    problems.add('template', `threw ${error instanceof Error ? `${error.name}: ` : ''}${describeThrown(error)}`)
    return built
  }
}

function checkJob(problems: Problems, job: V1Job, path: string): void {
  if (!isObject(job) || !isObject(job.metadata) || !isObject(job.spec)) {
    problems.add(path, 'must leave a Job with metadata and spec: change the object in place, or return another')
    return
  }
  const { name } = job.metadata
  const wrong = typeof name === 'string' ? nameProblem(name) : 'must be a string'
  if (wrong !== undefined) problems.add(path, `must leave the Job a name in metadata.name, which ${wrong}`)
  const notPlain = findNotPlain(job)
  if (notPlain !== undefined) {
    problems.add(path, `must leave plain data: ${notPlain.path} ${notPlain.problem}`)
    return
  }
  const tooLarge = sizeProblem(Buffer.byteLength(JSON.stringify(job)))
  if (tooLarge !== undefined) problems.add(path, tooLarge)
}
