import type { PodObject } from '../api/api-objects.ts'
import { COMPLETION_INDEX } from '../spec/pod-labels.ts'

/** The completion index of a pod of an Indexed Job. */
export function indexOf({ metadata }: PodObject): number | undefined {
  const index = metadata.annotations?.[COMPLETION_INDEX] ?? metadata.labels?.[COMPLETION_INDEX]
  return index === undefined ? undefined : Number(index)
}
