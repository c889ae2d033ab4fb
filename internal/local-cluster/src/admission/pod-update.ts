import { isDeepStrictEqual } from 'node:util'
import type { Container, Pod, PodSpec } from '../objects/objects.ts'
import type { FieldErrors } from './field-errors.ts'

const RULE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** Refuses the changes of a pod that Kubernetes refuses. Images, the deadline, tolerations and removed gates may change. */
export function checkPodUpdate(errors: FieldErrors, { spec: old }: Pod, { spec }: Pod): void {
  const before = new Set((old.schedulingGates ?? []).map(({ name }) => name))
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (before.has(name)) continue
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`
    errors.forbidden(`spec.schedulingGates[${index}].name`, why)
  }
  const [from, to] = [old.activeDeadlineSeconds, spec.activeDeadlineSeconds]
  if (from !== undefined && (to === undefined || to > from)) {
    const why = 'must be less than or equal to previous value'
    errors.invalid('spec.activeDeadlineSeconds', to ?? null, why)
  }
  // A pod that no gate holds has its place: only before may that be changed.
  const gated = before.size > 0
  if (!isDeepStrictEqual(fixedPart(old, gated), fixedPart(spec, gated))) errors.forbidden('spec', RULE)
}

function fixedPart(spec: PodSpec, gated: boolean): unknown {
  const { activeDeadlineSeconds: _, tolerations: __, schedulingGates: ___, nodeSelector, affinity, ...rest } = spec
  const withoutImage = ({ image: ____, imagePullPolicy: _____, ...container }: Container) => container
  return {
    ...rest,
    ...(!gated && { nodeSelector, affinity }),
    containers: spec.containers.map(withoutImage),
    initContainers: spec.initContainers?.map(withoutImage),
  }
}
