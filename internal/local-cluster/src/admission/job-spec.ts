import { isDeepStrictEqual } from 'node:util'
import type { Job, JobSpec, PodTemplate } from '../objects/objects.ts'
import type { FieldErrors } from './field-errors.ts'
import { checkLabels, isDnsLabel } from './names.ts'
import { checkPodFailurePolicy } from './pod-failure-policy.ts'
import { checkPodSpec, withPodDefaults } from './pod-spec.ts'
import { checkSuccessPolicy } from './success-policy.ts'

const MAX_INT32 = 2_147_483_647
const MODES = ['NonIndexed', 'Indexed']
const REPLACEMENTS = ['Failed', 'TerminatingOrFailed']
const MAX_INDEXED_PODS = 100_000

/** The spec of a new Job, with defaults, its selector, and the labels by which its pods are found. */
export function defaultJobSpec(given: Partial<JobSpec> | undefined, name: string, uid: string): JobSpec {
  const spec = withJobDefaults(given)
  const labels = {
    ...spec.template.metadata?.labels,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  }
  return {
    ...spec,
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
    template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
  }
}

/** A Job's spec with the defaults of Kubernetes: those that every write gets, also one that replaces a Job. */
export function withJobDefaults(given: Partial<JobSpec> | undefined): JobSpec {
  const template: Partial<PodTemplate> = given?.template ?? {}
  // Only a Job with neither completions nor parallelism has one completion.
  const plain = given?.completions === undefined && given?.parallelism === undefined
  return {
    parallelism: 1,
    ...(plain && { completions: 1 }),
    completionMode: 'NonIndexed',
    backoffLimit: given?.backoffLimitPerIndex === undefined ? 6 : MAX_INT32,
    suspend: false,
    podReplacementPolicy: given?.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed',
    ...given,
    manualSelector: false,
    template: { ...template, spec: withPodDefaults(template.spec) },
  } as JobSpec
}

export function checkJobSpec(errors: FieldErrors, name: string, spec: JobSpec): void {
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const) {
    errors.notNegative(`spec.${field}`, spec[field])
  }
  const indexed = spec.completionMode === 'Indexed'
  if (!MODES.includes(spec.completionMode)) errors.notSupported('spec.completionMode', spec.completionMode, MODES)
  if (indexed && spec.completions === undefined) {
    errors.required('spec.completions', 'when completion mode is Indexed')
  }
  if (!indexed && spec.backoffLimitPerIndex !== undefined && MODES.includes(spec.completionMode)) {
    errors.invalid('spec.backoffLimitPerIndex', spec.backoffLimitPerIndex, 'requires indexed completion mode')
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.required('spec.backoffLimitPerIndex', 'when maxFailedIndexes is specified')
  }
  checkIndexLimits(errors, spec)
  checkPodFailurePolicy(errors, spec)
  errors.oneOf(
    'spec.podReplacementPolicy',
    spec.podReplacementPolicy,
    spec.podFailurePolicy ? ['Failed'] : REPLACEMENTS,
  )
  if (spec.managedBy !== undefined && !/^[^/]+\/[^/]+$/.test(spec.managedBy)) {
    errors.invalid('spec.managedBy', spec.managedBy, 'must be a domain-prefixed path (such as "acme.io/foo")')
  }
  checkSuccessPolicy(errors, spec)
  checkLabels(errors, 'spec.template.labels', spec.template.metadata?.labels)
  checkPodSpec(errors, 'spec.template.spec', spec.template.spec, ['OnFailure', 'Never'])
  if (indexed && spec.completions !== undefined && spec.completions > 0) {
    const host = `${name}-${spec.completions - 1}`
    if (!isDnsLabel(host))
      errors.invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${host}`)
  }
}

/** Checks the number of indexes that a Job runs at a time, and the number that may fail. */
function checkIndexLimits(errors: FieldErrors, spec: JobSpec): void {
  const { completionMode, completions = 0, parallelism, maxFailedIndexes, backoffLimitPerIndex } = spec
  if (completionMode !== 'Indexed') return
  if (parallelism > MAX_INDEXED_PODS) {
    const why = `must be less than or equal to ${MAX_INDEXED_PODS} when completion mode is Indexed`
    errors.invalid('spec.parallelism', parallelism, why)
  }
  if (maxFailedIndexes === undefined || backoffLimitPerIndex === undefined) return
  if (maxFailedIndexes > completions) {
    errors.invalid('spec.maxFailedIndexes', maxFailedIndexes, 'must be less than or equal to completions')
  }
  if (maxFailedIndexes > MAX_INDEXED_PODS) {
    errors.invalid('spec.maxFailedIndexes', maxFailedIndexes, `must be less than or equal to ${MAX_INDEXED_PODS}`)
  }
}

/** Refuses changes of immutable fields. The template's scheduling fields of a suspended Job that never ran may change. */
export function checkJobUpdate(errors: FieldErrors, { spec: old, status }: Job, { spec }: Job): void {
  const same = (field: keyof JobSpec, a: unknown = old[field], b: unknown = spec[field]) => {
    if (!isDeepStrictEqual(a, b)) errors.invalid(`spec.${field}`, b ?? null, 'field is immutable')
  }
  const loose = old.suspend && status.startTime === undefined
  same('template', loose ? fixedPart(old.template) : old.template, loose ? fixedPart(spec.template) : spec.template)
  for (const field of [
    'selector',
    'completionMode',
    'backoffLimitPerIndex',
    'podFailurePolicy',
    'successPolicy',
  ] as const)
    same(field)
  if (old.completions === spec.completions) return
  // Elastic Indexed Jobs: both together.
  if (spec.completionMode !== 'Indexed' || spec.completions !== spec.parallelism) same('completions')
}

function fixedPart({ spec }: PodTemplate): unknown {
  const { nodeSelector: _, affinity: __, tolerations: ___, schedulingGates: ____, ...rest } = spec
  return rest
}
