import type { ObjectMeta } from '../objects/objects.ts'
import type { FieldErrors } from './field-errors.ts'
import { checkLabels, checkQualifiedName, isSubdomain, SUBDOMAIN_RULE } from './names.ts'

/** Finalizers that need no domain. */
const STANDARD_FINALIZERS = ['foregroundDeletion', 'orphan', 'kubernetes']

/** Checks the metadata of any kind of object, except its name. */
export function checkMetadata(errors: FieldErrors, metadata: ObjectMeta): void {
  const { generateName, labels, annotations, ownerReferences, finalizers } = metadata
  if (generateName !== undefined && generateName !== '') {
    // Random letters follow, so a dash at its end is not the end of the name.
    if (!isSubdomain(generateName.replace(/-$/, 'a'))) {
      errors.invalid('metadata.generateName', generateName, SUBDOMAIN_RULE)
    }
  }
  checkLabels(errors, 'metadata.labels', labels)
  for (const key of Object.keys(annotations ?? {})) {
    checkQualifiedName(errors, 'metadata.annotations', key)
  }
  for (const { apiVersion = '', kind = '', name = '', uid = '' } of ownerReferences ?? []) {
    const at = 'metadata.ownerReferences'
    if (apiVersion === '') errors.invalid(`${at}.apiVersion`, apiVersion, 'version must not be empty')
    if (kind === '') errors.invalid(`${at}.kind`, kind, 'must not be empty')
    if (name === '') errors.invalid(`${at}.name`, name, 'must not be empty')
    if (uid === '') errors.invalid(`${at}.uid`, uid, 'must not be empty')
  }
  for (const [index, finalizer] of (finalizers ?? []).entries()) {
    if (finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer)) continue
    const why = 'name is neither a standard finalizer name nor is it fully qualified'
    errors.invalid(`metadata.finalizers[${index}]`, finalizer, why)
  }
}

/** Refuses new finalizers of an object that is being deleted: it would never go. */
export function checkMetadataUpdate(errors: FieldErrors, current: ObjectMeta, next: ObjectMeta): void {
  if (current.deletionTimestamp === undefined) return
  const added = (next.finalizers ?? []).filter((finalizer) => !current.finalizers?.includes(finalizer))
  if (added.length === 0) return
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((each) => JSON.stringify(each)).join(', ')}}`
  errors.forbidden('metadata.finalizers', why)
}

/** The fields that only the server sets. */
const SERVER_FIELDS = [
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
] as const

/** The metadata that a client sent, without the fields that only the server sets. */
export function withoutServerFields(given: Partial<ObjectMeta>): Partial<ObjectMeta> {
  const kept = { ...given } as Record<string, unknown>
  for (const field of SERVER_FIELDS) delete kept[field]
  return kept
}

/** The fields of an object's metadata that no update changes. */
export function serverFieldsOf(current: ObjectMeta): ObjectMeta {
  const kept = { ...current } as Record<string, unknown>
  for (const field of ['labels', 'annotations', 'ownerReferences', 'finalizers']) delete kept[field]
  return kept as unknown as ObjectMeta
}
