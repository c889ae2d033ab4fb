import type { Names, Problems } from '@internal/options'
import { quantityMeant, quantityOf } from '@internal/quantities'
import { completionsOf } from './completions.ts'
import { longestJobName, nameProblem } from './job-name.ts'
import type { JobSpec, QueueBySecret, QueueSpec, WorkerSettings } from './job-spec.ts'
import { podUrlProblem } from './pod-url.ts'
import { isReservedVariable } from './worker-env.ts'

const QUALIFIED_NAME = /^(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const LABEL_VALUE = /^(?:[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/

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
const QUEUE: Names<QueueSpec> = { name: true, podUrl: true, urlFrom: true }
const URL_FROM: Names<QueueBySecret['urlFrom']> = { secret: true, key: true }
const WORKER: Names<WorkerSettings> = { concurrency: true, empty: true, emptyAfterMs: true, idleTimeoutMs: true }
const RESOURCES: Names<NonNullable<JobSpec['resources']>> = { requests: true, limits: true, claims: true }

/** Adds everything that is wrong with a spec. What only the cluster can tell is left to it. */
export function checkSpec(problems: Problems, spec: JobSpec): void {
  if (!isObject(spec)) {
    problems.add('spec', 'must be an object with at least name, image, items and queue')
    return
  }
  problems.options('spec', spec, SPEC)
  if (spec.items === undefined) problems.add('items', 'must be given: how many items are in the queue')
  problems.wholeNumber('items', spec.items, { min: 1, max: 2 ** 31 - 1 })
  problems.wholeNumber('parallelism', spec.parallelism, { min: 1, max: 2 ** 31 - 1 })
  if (typeof spec.itemsPerPod !== 'string') problems.wholeNumber('itemsPerPod', spec.itemsPerPod, { min: 1 })
  else if (spec.itemsPerPod !== 'all') problems.add('itemsPerPod', "must be a whole number of at least 1, or 'all'")
  problems.wholeNumber('ttlMs', spec.ttlMs, { min: 1000, max: (2 ** 31 - 1) * 1000 })
  problems.durationMs('deadlineMs', spec.deadlineMs, { min: 1000 })
  problems.oneOf('completionMode', spec.completionMode, ['Indexed', 'NonIndexed'])
  problems.oneOf('restartPolicy', spec.restartPolicy, ['Never', 'OnFailure'])
  problems.oneOf('podSecurity', spec.podSecurity, ['baseline', 'restricted'])
  problems.oneOf('imagePullPolicy', spec.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'])
  problems.flag('failFast', spec.failFast)
  problems.flag('serviceLinks', spec.serviceLinks)
  if (spec.template !== undefined && typeof spec.template !== 'function') {
    problems.add('template', 'must be a function that takes the Job and changes it')
  }
  if (spec.failFast === true && spec.restartPolicy === 'OnFailure') {
    problems.add(
      'failFast',
      "needs restartPolicy 'Never': Kubernetes looks at exit codes of pods that ended, and with 'OnFailure' they do not",
    )
  }
  checkNames(problems, spec)
  checkImage(problems, spec.image)
  checkQueue(problems, spec.queue)
  checkWorker(problems, spec)
  checkEnv(problems, spec.env)
  checkResources(problems, spec.resources)
  checkLabels(problems, spec)
  checkTexts(problems, 'command', spec.command)
  checkTexts(problems, 'args', spec.args)
  for (const path of ['volumes', 'volumeMounts', 'tolerations'] as const) {
    if (spec[path] !== undefined && !isListOfObjects(spec[path])) {
      problems.add(path, 'must be a list of objects in the form that Kubernetes gives them')
    }
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject)
}

/** The entries of what should be an object; none, and a problem, when it is something else. */
function entriesOf(problems: Problems, path: string, value: unknown): [string, unknown][] {
  if (value === undefined) return []
  if (isObject(value)) return Object.entries(value)
  problems.add(path, "must be an object, such as { name: 'value' }")
  return []
}

function checkNames(problems: Problems, spec: JobSpec): void {
  if (problems.text('name', spec.name)) {
    const { items, itemsPerPod = 1, parallelism = 1 } = spec
    const counted = [items, itemsPerPod === 'all' ? 1 : itemsPerPod, parallelism].every(Number.isSafeInteger)
    const completions = counted ? completionsOf(spec) : 1
    const problem = nameProblem(spec.name, longestJobName(completions, spec.completionMode !== 'NonIndexed'))
    if (problem !== undefined) problems.add('name', problem)
  }
  if (spec.namespace !== undefined && problems.text('namespace', spec.namespace)) {
    const problem = nameProblem(spec.namespace)
    if (problem !== undefined) problems.add('namespace', problem)
  }
  if (spec.serviceAccountName !== undefined) checkObjectName(problems, 'serviceAccountName', spec.serviceAccountName)
  if (checkTexts(problems, 'imagePullSecrets', spec.imagePullSecrets)) {
    for (const [index, name] of spec.imagePullSecrets.entries()) {
      checkObjectName(problems, `imagePullSecrets[${index}]`, name)
    }
  }
}

function checkObjectName(problems: Problems, path: string, name: unknown): void {
  if (problems.text(path, name) && !OBJECT_NAME.test(name)) {
    problems.add(path, `must be the name of an object (a-z, 0-9, '-' and '.'), not '${name}'`)
  }
}

// An image name that is only malformed is left to the kubelet (InvalidImageName): registries' rules differ.
function checkImage(problems: Problems, image: unknown): void {
  if (problems.text('image', image) && /\s/.test(image)) problems.add('image', 'must not contain white space')
}

function checkQueue(problems: Problems, queue: JobSpec['queue']): void {
  if (!isObject(queue as unknown)) {
    problems.add('queue', 'must be { name, podUrl } or { name, urlFrom: { secret, key } }')
    return
  }
  problems.known('queue', queue, QUEUE)
  problems.text('queue.name', queue.name)
  if ('podUrl' in queue && 'urlFrom' in queue) problems.add('queue', 'must have podUrl or urlFrom, not both')
  if ('urlFrom' in queue) {
    const { secret, key } = problems.known('queue.urlFrom', queue.urlFrom, URL_FROM)
    checkObjectName(problems, 'queue.urlFrom.secret', secret)
    problems.text('queue.urlFrom.key', key)
  } else if (problems.text('queue.podUrl', queue.podUrl)) {
    const problem = podUrlProblem(queue.podUrl)
    if (problem !== undefined) problems.add('queue.podUrl', problem)
  }
}

function checkWorker(problems: Problems, spec: JobSpec): void {
  const worker = problems.known('worker', spec.worker, WORKER)
  problems.wholeNumber('worker.concurrency', worker.concurrency, { min: 1 })
  problems.oneOf('worker.empty', worker.empty, ['exit', 'wait'])
  problems.durationMs('worker.emptyAfterMs', worker.emptyAfterMs)
  problems.durationMs('worker.idleTimeoutMs', worker.idleTimeoutMs)
}

function checkEnv(problems: Problems, env: JobSpec['env']): void {
  for (const [name, value] of entriesOf(problems, 'env', env)) {
    const path = `env.${name}`
    if (isReservedVariable(name))
      problems.add(path, 'is set by podqueue: use `queue`, `itemsPerPod` or `worker` instead')
    else if (!VARIABLE.test(name)) problems.add(path, 'is not a name that Kubernetes takes for a variable')
    if (typeof value !== 'string' && !isObject(value)) {
      problems.add(path, 'must be a text, or a source such as { secretKeyRef: { name, key } }')
    }
  }
}

function checkResources(problems: Problems, resources: JobSpec['resources']): void {
  const { requests, limits } = problems.known('resources', resources, RESOURCES)
  for (const [kind, quantities] of Object.entries({ requests, limits })) {
    for (const [resource, given] of entriesOf(problems, `resources.${kind}`, quantities)) {
      const quantity = String(given)
      if (quantityOf(quantity) !== undefined) continue
      const meant = quantityMeant(quantity)
      const advice = meant === undefined ? "such as '500m', '1Gi' or '2'" : `did you mean '${meant}'?`
      problems.add(`resources.${kind}.${resource}`, `'${quantity}' is not a quantity: ${advice}`)
    }
  }
  for (const [resource, request] of Object.entries(requests ?? {})) {
    const limit = limits?.[resource]
    if (limit !== undefined && (quantityOf(request) ?? 0) > (quantityOf(limit) ?? Number.POSITIVE_INFINITY)) {
      problems.add(`resources.requests.${resource}`, `'${request}' is more than the limit '${limit}'`)
    }
  }
}

function checkLabels(problems: Problems, { labels, annotations, nodeSelector }: JobSpec): void {
  for (const [path, given] of Object.entries({ labels, nodeSelector })) {
    for (const [key, value] of entriesOf(problems, path, given)) {
      if (!QUALIFIED_NAME.test(key)) problems.add(`${path}.${key}`, 'is not a key that Kubernetes takes for a label')
      if (typeof value === 'string' && LABEL_VALUE.test(value)) continue
      problems.add(`${path}.${key}`, `'${value}' must have at most 63 characters of A-Z, a-z, 0-9, '-', '_' and '.'`)
    }
  }
  for (const [key, value] of entriesOf(problems, 'annotations', annotations)) {
    if (key.startsWith('podqueue/'))
      problems.add(`annotations.${key}`, "keys that begin with 'podqueue/' are podqueue's own")
    else if (!QUALIFIED_NAME.test(key))
      problems.add(`annotations.${key}`, 'is not a key that Kubernetes takes for an annotation')
    if (typeof value !== 'string') problems.add(`annotations.${key}`, 'must be a text')
  }
}

/** Returns whether there are texts. */
function checkTexts(problems: Problems, path: string, texts: unknown): texts is readonly string[] {
  if (texts === undefined) return false
  const right = Array.isArray(texts) && texts.every((text) => typeof text === 'string')
  if (!right) problems.add(path, "must be a list of texts, such as ['node', 'worker.js']")
  return right
}
