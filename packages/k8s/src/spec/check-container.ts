import { isReservedVariable } from '@internal/contract'
import { type Names, type Problems, showName } from '@internal/options'
import { quantityMeant, quantityOf } from '@internal/quantities'
import { checkObjects, checkPlain, checkStrings, entriesOf, isObject } from './check-shape.ts'
import type { JobSpec } from './job-spec.ts'

const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/
const RESOURCES: Names<NonNullable<JobSpec['resources']>> = { requests: true, limits: true, claims: true }

/** Adds what is wrong with a spec's container and the volumes that it sees. */
export function checkContainer(problems: Problems, spec: JobSpec): void {
  checkImage(problems, spec.image)
  checkStrings(problems, 'command', spec.command)
  checkStrings(problems, 'args', spec.args)
  checkEnv(problems, spec.env)
  checkResources(problems, spec.resources)
  for (const path of ['volumes', 'volumeMounts', 'tolerations'] as const) checkObjects(problems, path, spec[path])
}

// An image name that is only malformed is left to the kubelet (InvalidImageName): registries' rules differ.
function checkImage(problems: Problems, image: unknown): void {
  if (problems.text('image', image) && /\s/.test(image)) problems.add('image', 'must not contain white space')
}

function checkEnv(problems: Problems, env: JobSpec['env']): void {
  for (const [name, value] of entriesOf(problems, 'env', env)) {
    const path = `env.${name}`
    if (isReservedVariable(name))
      problems.add(path, 'is set by podqueue: use `queue`, `itemsPerPod` or `worker` instead')
    else if (!VARIABLE.test(name)) problems.add(path, 'is not a name that Kubernetes takes for a variable')
    if (isObject(value)) checkPlain(problems, path, value)
    else if (typeof value !== 'string')
      problems.add(path, 'must be a string, or a source such as { secretKeyRef: { name, key } }')
  }
}

function checkResources(problems: Problems, resources: JobSpec['resources']): void {
  const { requests, limits, claims } = problems.known('resources', resources, RESOURCES)
  checkObjects(problems, 'resources.claims', claims)
  const numbers = {
    requests: checkQuantities(problems, 'resources.requests', requests),
    limits: checkQuantities(problems, 'resources.limits', limits),
  }
  for (const [resource, request] of numbers.requests) {
    const limit = numbers.limits.get(resource)
    if (limit === undefined || request <= limit) continue
    problems.add(
      `resources.requests.${resource}`,
      `${showName(requests?.[resource])} is more than the limit ${showName(limits?.[resource])}`,
    )
  }
}

/** The quantities that are right, as numbers. */
function checkQuantities(problems: Problems, path: string, given: unknown): Map<string, number> {
  const numbers = new Map<string, number>()
  for (const [resource, quantity] of entriesOf(problems, path, given)) {
    const text = typeof quantity === 'number' ? String(quantity) : quantity
    const number = typeof text === 'string' ? quantityOf(text) : undefined
    if (number !== undefined) {
      numbers.set(resource, number)
      continue
    }
    const meant = typeof text === 'string' ? quantityMeant(text) : undefined
    const advice = meant === undefined ? "such as '500m', '1Gi' or '2'" : `did you mean '${meant}'?`
    problems.add(`${path}.${resource}`, `must be a quantity, not ${showName(quantity)}: ${advice}`)
  }
  return numbers
}
