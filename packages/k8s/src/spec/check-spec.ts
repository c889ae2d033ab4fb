import { type Names, Problems } from '@internal/options'
import { K8sError } from '../errors.ts'
import { checkContainer } from './check-container.ts'
import { checkLabels, checkNames } from './check-names.ts'
import { checkQueue, checkWorker } from './check-queue.ts'
import { isObject } from './check-shape.ts'
import { completionsOf } from './completions.ts'
import { parallelismProblem } from './job-limits.ts'
import type { JobSpec } from './job-spec.ts'

const SPEC: Names<JobSpec> = {
  name: true,
  namespace: true,
  image: true,
  items: true,
  itemsPerPod: true,
  parallelism: true,
  queue: true,
  worker: true,
  command: true,
  args: true,
  env: true,
  resources: true,
  volumes: true,
  volumeMounts: true,
  labels: true,
  annotations: true,
  serviceAccountName: true,
  imagePullPolicy: true,
  imagePullSecrets: true,
  nodeSelector: true,
  tolerations: true,
  podSecurity: true,
  serviceLinks: true,
  ttlMs: true,
  deadlineMs: true,
  completionMode: true,
  restartPolicy: true,
  failFast: true,
  template: true,
}

/** Throws `INVALID_OPTIONS` with everything that is wrong with a spec. */
export function requireValidSpec(call: string, spec: JobSpec): void {
  const problems = new Problems()
  checkSpec(problems, spec)
  problems.throwAs(call, (fields) => new K8sError(fields))
}

/** Adds everything that is wrong with a spec. Checks that only the cluster can make are left to it. */
export function checkSpec(problems: Problems, spec: JobSpec): void {
  problems.guard('spec', () => checkParts(problems, spec))
}

function checkParts(problems: Problems, given: JobSpec): void {
  if (!isObject(given)) {
    problems.add('spec', 'must be an object with at least name, image, items and queue')
    return
  }
  const spec = problems.options('spec', given, SPEC)
  checkNumbers(problems, spec)
  checkChoices(problems, spec)
  checkNames(problems, spec)
  checkQueue(problems, spec.queue)
  checkWorker(problems, spec)
  checkContainer(problems, spec)
  checkLabels(problems, spec)
}

function checkNumbers(problems: Problems, spec: JobSpec): void {
  const before = problems.found.length
  if (spec.items === undefined) problems.add('items', 'must be given: the number of items in the queue')
  problems.wholeNumber('items', spec.items, { min: 1, max: 2 ** 31 - 1 })
  problems.wholeNumber('parallelism', spec.parallelism, { min: 1, max: 2 ** 31 - 1 })
  if (typeof spec.itemsPerPod !== 'string') problems.wholeNumber('itemsPerPod', spec.itemsPerPod, { min: 1 })
  else if (spec.itemsPerPod !== 'all') problems.add('itemsPerPod', "must be a whole number of at least 1, or 'all'")
  if (problems.found.length === before) {
    const problem = parallelismProblem({
      items: spec.items,
      completions: completionsOf(spec),
      parallelism: spec.parallelism ?? 1,
      indexed: spec.completionMode !== 'NonIndexed',
      limitPerIndex: spec.restartPolicy !== 'OnFailure',
    })
    if (problem !== undefined) problems.add('parallelism', problem)
  }
  problems.wholeNumber('ttlMs', spec.ttlMs, { min: 1000, max: (2 ** 31 - 1) * 1000 })
  problems.durationMs('deadlineMs', spec.deadlineMs, { min: 1000 })
}

function checkChoices(problems: Problems, spec: JobSpec): void {
  problems.oneOf('completionMode', spec.completionMode, ['Indexed', 'NonIndexed'])
  problems.oneOf('restartPolicy', spec.restartPolicy, ['Never', 'OnFailure'])
  problems.oneOf('podSecurity', spec.podSecurity, ['baseline', 'restricted'])
  problems.oneOf('imagePullPolicy', spec.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'])
  problems.flag('failFast', spec.failFast)
  problems.flag('serviceLinks', spec.serviceLinks)
  problems.callable('template', spec.template)
  if (spec.failFast === true && spec.restartPolicy === 'OnFailure') {
    problems.add(
      'failFast',
      "needs restartPolicy 'Never': Kubernetes looks at exit codes of pods that ended, and with 'OnFailure' they do not",
    )
  }
}
