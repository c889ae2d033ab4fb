import type { JobSpec, PodFailurePolicyRule } from '../objects/objects.ts'
import type { FieldErrors } from './field-errors.ts'
import { checkQualifiedName } from './names.ts'

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const OPERATORS = ['In', 'NotIn']
const STATUSES = ['False', 'True', 'Unknown']

/** Checks a Job's podFailurePolicy. */
export function checkPodFailurePolicy(errors: FieldErrors, { podFailurePolicy, template, ...spec }: JobSpec): void {
  if (!podFailurePolicy) return
  const { restartPolicy } = template.spec
  if (restartPolicy !== 'Never') {
    const why = 'only "Never" is supported when podFailurePolicy is specified'
    errors.invalid('spec.template.spec.restartPolicy', restartPolicy ?? '', why)
  }
  const containers = [...template.spec.containers, ...(template.spec.initContainers ?? [])].map(({ name }) => name)
  for (const [index, rule] of (podFailurePolicy.rules ?? []).entries()) {
    const at = `spec.podFailurePolicy.rules[${index}]`
    if (!rule.action) errors.required(`${at}.action`, `valid values: ${ACTIONS.map((word) => `"${word}"`).join(', ')}`)
    else if (rule.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
      errors.invalid(`${at}.action`, rule.action, 'requires the backoffLimitPerIndex to be set')
    } else errors.oneOf(`${at}.action`, rule.action, ACTIONS)
    const { onExitCodes, onPodConditions = [] } = rule
    if (onExitCodes) checkExitCodes(errors, `${at}.onExitCodes`, onExitCodes, containers)
    for (const [position, { type, status }] of onPodConditions.entries()) {
      const where = `${at}.onPodConditions[${position}]`
      checkQualifiedName(errors, `${where}.type`, type)
      errors.oneOf(`${where}.status`, status, STATUSES)
    }
    if (onExitCodes && onPodConditions.length > 0) {
      errors.wrong(at, 'specifying both OnExitCodes and OnPodConditions is not supported')
    }
    if (!onExitCodes && onPodConditions.length === 0) {
      errors.wrong(at, 'specifying one of OnExitCodes and OnPodConditions is required')
    }
  }
}

function checkExitCodes(
  errors: FieldErrors,
  at: string,
  { operator, values = [], containerName }: NonNullable<PodFailurePolicyRule['onExitCodes']>,
  containers: readonly string[],
): void {
  errors.oneOf(`${at}.operator`, operator, OPERATORS)
  if (containerName !== undefined && !containers.includes(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template'
    errors.invalid(`${at}.containerName`, containerName, why)
  }
  if (values.length === 0) errors.invalid(`${at}.values`, values, 'at least one value is required')
  const seen = new Set<number>()
  for (const [index, value] of values.entries()) {
    if (value === 0 && operator === 'In') {
      errors.invalid(`${at}.values[${index}]`, value, 'must not be 0 for the In operator')
    }
    if (seen.has(value)) errors.duplicate(`${at}.values[${index}]`, value)
    seen.add(value)
  }
  if (values.some((value, index) => value < (values[index - 1] ?? value))) {
    errors.invalid(`${at}.values`, values, 'must be ordered')
  }
}
