import { isDeepStrictEqual } from 'node:util'
import type { Pod } from '../objects.ts'
import type { FieldErrors } from './field-errors.ts'

/** Allows a pod to lose scheduling gates. Everything else in its spec must stay as it is. */
export function checkPodUpdate(errors: FieldErrors, { spec: old }: Pod, { spec }: Pod): void {
  const known = new Set((old.schedulingGates ?? []).map(({ name }) => name))
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (known.has(name)) continue
    errors.forbidden(
      `spec.schedulingGates[${index}].name`,
      `only deletion is allowed, but found new scheduling gate '${name}'`,
    )
  }
  const fixedPart = ({ schedulingGates: _, ...rest }: Pod['spec']) => rest
  if (!isDeepStrictEqual(fixedPart(old), fixedPart(spec))) {
    errors.forbidden('spec', 'pod updates may not change fields')
  }
}
