import { type Problems, showName } from '@internal/options'
import { checkStrings, entriesOf } from './check-shape.ts'
import { completionsOf } from './completions.ts'
import { longestJobName, nameProblem } from './job-name.ts'
import type { JobSpec } from './job-spec.ts'

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
const QUALIFIED_NAME =
  /^(?:[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const LABEL_VALUE = /^(?:[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** Adds what is wrong with the names in a spec: the Job's own, and those of other objects. */
export function checkNames(problems: Problems, spec: JobSpec): void {
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
  if (checkStrings(problems, 'imagePullSecrets', spec.imagePullSecrets)) {
    for (const [index, name] of spec.imagePullSecrets.entries()) {
      checkObjectName(problems, `imagePullSecrets[${index}]`, name)
    }
  }
}

/** Adds what is wrong with the name of another object, such as a Secret. */
export function checkObjectName(problems: Problems, path: string, name: unknown): void {
  if (typeof name === 'string' && OBJECT_NAME.test(name)) return
  problems.add(path, `must be the name of an object (a-z, 0-9, '-' and '.'), not ${showName(name)}`)
}

/** Adds what is wrong with labels, annotations and the node selector. */
export function checkLabels(problems: Problems, { labels, annotations, nodeSelector }: JobSpec): void {
  for (const [path, given] of Object.entries({ labels, nodeSelector })) {
    for (const [key, value] of entriesOf(problems, path, given)) {
      if (!QUALIFIED_NAME.test(key)) problems.add(`${path}.${key}`, 'is not a key that Kubernetes takes for a label')
      if (typeof value === 'string' && LABEL_VALUE.test(value)) continue
      const rule = "must have at most 63 characters of A-Z, a-z, 0-9, '-', '_' and '.'"
      problems.add(`${path}.${key}`, `${rule}, not ${showName(value)}`)
    }
  }
  for (const [key, value] of entriesOf(problems, 'annotations', annotations)) {
    if (key.startsWith('podqueue/'))
      problems.add(`annotations.${key}`, "keys that begin with 'podqueue/' are podqueue's own")
    // Kubernetes compares an annotation's key in lower case.
    else if (!QUALIFIED_NAME.test(key.toLowerCase()))
      problems.add(`annotations.${key}`, 'is not a key that Kubernetes takes for an annotation')
    if (typeof value !== 'string') problems.add(`annotations.${key}`, 'must be a string')
  }
}
