/** The reviews by which a client asks for its rights and its name. Every client has the token, so each may do everything. */

/** One kind of review, as discovery shows it. */
export interface ReviewType {
  readonly group: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
}

const EVERYTHING = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }
const USER = { username: 'podqueue-local', groups: ['system:masters', 'system:authenticated'] }
const authorization = { group: 'authorization.k8s.io', namespaced: false }

const STATUS_OF = new Map<ReviewType, unknown>([
  [reviewType({ ...authorization, kind: 'SelfSubjectAccessReview' }), { allowed: true }],
  [reviewType({ ...authorization, kind: 'SubjectAccessReview' }), { allowed: true }],
  [reviewType({ ...authorization, kind: 'LocalSubjectAccessReview', namespaced: true }), { allowed: true }],
  [
    reviewType({ ...authorization, kind: 'SelfSubjectRulesReview' }),
    {
      resourceRules: [EVERYTHING],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      incomplete: false,
    },
  ],
  [reviewType({ group: 'authentication.k8s.io', namespaced: false, kind: 'SelfSubjectReview' }), { userInfo: USER }],
])

export const REVIEW_TYPES: readonly ReviewType[] = [...STATUS_OF.keys()]

/** The review that a path creates. Undefined for any other path. */
export function reviewOf(names: readonly string[]): ReviewType | undefined {
  const [root, group, version, ...rest] = names
  if (root !== 'apis' || version !== 'v1') return undefined
  return REVIEW_TYPES.find((type) => {
    if (type.group !== group) return false
    const [plural, ...more] = type.namespaced && rest[0] === 'namespaces' ? rest.slice(2) : rest
    return plural === type.plural && more.length === 0 && (rest.length === 3) === type.namespaced
  })
}

export function answerReview(type: ReviewType, body: Record<string, unknown>): unknown {
  const spec = type.kind === 'SelfSubjectReview' ? {} : { spec: body.spec ?? {} }
  return { kind: type.kind, apiVersion: `${type.group}/v1`, metadata: {}, ...spec, status: STATUS_OF.get(type) }
}

function reviewType({ kind, ...rest }: Pick<ReviewType, 'group' | 'kind' | 'namespaced'>): ReviewType {
  const singular = kind.toLowerCase()
  return { ...rest, kind, singular, plural: `${singular}s` }
}
