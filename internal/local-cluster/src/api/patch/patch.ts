import { unsupportedMediaType } from '../../answers/status-error.ts'
import { applyJsonPatch } from './json-patch.ts'
import { type Json, mergePatch } from './merge-patch.ts'
import { strategicMerge } from './strategic-merge.ts'

type Patcher = (target: Json, patch: Json) => Json

const PATCHES: Readonly<Record<PatchType, Patcher>> = {
  'application/json-patch+json': applyJsonPatch,
  'application/merge-patch+json': mergePatch,
  'application/strategic-merge-patch+json': strategicMerge,
}

export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'

/** The type of a patch. Throws a 415 for one that is not supported, server-side apply among them. */
export function checkPatchType(contentType: string | undefined): PatchType {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (Object.hasOwn(PATCHES, type)) return type as PatchType
  if (type.startsWith('application/apply-patch+')) {
    const instead = 'create the object, or send a strategic merge patch (kubectl apply without --server-side)'
    throw unsupportedMediaType(`server-side apply is not supported by the local cluster: ${instead}`)
  }
  throw unsupportedMediaType('415: Unsupported Media Type')
}

/** Applies a patch to a copy of an object. */
export function applyPatch(type: PatchType, target: unknown, patch: unknown): unknown {
  return PATCHES[type](target as Json, patch as Json)
}
