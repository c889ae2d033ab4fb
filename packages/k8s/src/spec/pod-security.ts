import type { V1PodSecurityContext, V1SecurityContext } from '@kubernetes/client-node'

/** The security context of a pod for each level of `podSecurity`. The levels: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export function podSecurityContext(level: 'baseline' | 'restricted'): V1PodSecurityContext {
  const seccompProfile = { type: 'RuntimeDefault' }
  if (level === 'baseline') return { seccompProfile }
  // A number is needed: of an image of root, or with USER by name, the kubelet cannot tell that it is not root.
  // Group 0 is what images that are made for any user give their files to.
  return { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 0, seccompProfile }
}

/** The same for both levels: neither needs more than a process that computes and talks to a broker does. */
export function containerSecurityContext(): V1SecurityContext {
  return { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
}
