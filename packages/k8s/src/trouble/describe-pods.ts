import type { JobObject } from '../api/api-objects.ts'
import type { JobRef } from '../api/resources.ts'
import type { PodFailure } from '../pods/pod-failure.ts'

/** The failures of pods as further lines of a message: the first three. */
export function describePods(pods: readonly PodFailure[]): string {
  const lines = pods.slice(0, 3).map((failure) => {
    const { name, container, message, logTail } = failure
    const said = message ? message.split('\n') : (logTail ?? [])
    // Indented lines continue the one above: a hint, a stack.
    const words = said.findLast((line) => /^\S/.test(line)) ?? said.at(-1)
    const where = container === undefined ? '' : `, container ${container}`
    return `\n  pod ${name}${where}: ${howItFailed(failure)}${words === undefined ? '' : `: ${words}`}`
  })
  return lines.join('')
}

/** The failure of an attempt in a few words: `exit 1 (Error)`, `Evicted`. */
export function howItFailed({ exitCode, reason }: PodFailure): string {
  if (exitCode === undefined) return reason ?? 'failed'
  return `exit ${exitCode}${reason === undefined ? '' : ` (${reason})`}`
}

/** Advice that the pods' own words suggest; undefined when they suggest none. */
export function hintFor(pods: readonly PodFailure[]): string | undefined {
  const text = pods.flatMap(({ message, logTail = [] }) => [message ?? '', ...logTail]).join('\n')
  if (/EACCES|Permission denied/i.test(text)) {
    return "A program may not write where it wants to: with podSecurity 'restricted' it runs as uid 65532; mount a volume there, or use 'baseline'."
  }
  const reasons = new Set(pods.map(({ reason }) => reason))
  if (reasons.has('OOMKilled')) return 'A container ran out of memory: raise resources.limits.memory.'
  if (reasons.has('Evicted')) {
    return 'The kubelet evicted the pod; its message names the limit. Raise the volume’s `sizeLimit`, or request the resource by `resources`.'
  }
  return undefined
}

/** The name, namespace and uid of a Job. */
export function refOf({ metadata }: JobObject): JobRef & { readonly uid: string } {
  return { name: metadata.name, namespace: metadata.namespace ?? 'default', uid: metadata.uid }
}
