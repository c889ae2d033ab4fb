/** Answers a SelfSubjectAccessReview: who has the token may do everything here. */
export function reviewAccess(body: Record<string, unknown>): unknown {
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: body.spec ?? {},
    status: { allowed: true },
  }
}
