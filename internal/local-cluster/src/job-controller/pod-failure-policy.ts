import type { Pod, PodFailurePolicyRule } from '../objects/objects.ts'

export interface PolicyMatch {
  readonly action: PodFailurePolicyRule['action']
  readonly message: string
}

/** The first rule of a podFailurePolicy that fits a failed pod: its main containers come before its init containers. */
export function matchFailurePolicy(rules: readonly PodFailurePolicyRule[], pod: Pod): PolicyMatch | undefined {
  const { namespace, name } = pod.metadata
  for (const [at, { action, onExitCodes, onPodConditions }] of rules.entries()) {
    if (onExitCodes) {
      const statuses = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])]
      for (const status of statuses) {
        const code = status.state.terminated?.exitCode
        if (code === undefined || code === 0) continue
        if (onExitCodes.containerName !== undefined && onExitCodes.containerName !== status.name) continue
        if (onExitCodes.values.includes(code) !== (onExitCodes.operator === 'In')) continue
        return {
          action,
          message: `Container ${status.name} for pod ${namespace}/${name} failed with exit code ${code} matching ${action} rule at index ${at}`,
        }
      }
    }
    for (const { type, status = 'True' } of onPodConditions ?? []) {
      if (!pod.status.conditions?.some((condition) => condition.type === type && condition.status === status)) continue
      return {
        action,
        message: `Pod ${namespace}/${name} has condition ${type} matching ${action} rule at index ${at}`,
      }
    }
  }
  return undefined
}
