import { within } from '@internal/async'
import { ApiAnswer, toK8sError } from '../api/api-answer.ts'
import type { KubeApi } from '../api/kube-api.ts'
import type { Rule } from './role.ts'

/** A right that a client has is believed for this time: rights rarely go, and many Jobs may start in a minute. */
const REMEMBERED_MS = 60_000

interface Review {
  readonly allowed: Promise<boolean | undefined>
  readonly askedAt: number
}

const reviews = new WeakMap<KubeApi, Map<string, Review>>()

/**
 * Whether a client has a right: undefined when it may not ask. A right that it has is remembered for a minute for each client and
 * namespace, so that many Jobs ask once; one that it lacks is asked for again, since somebody may have given it.
 *
 * @param name the Job's: a Role may give the right for this name alone (`resourceNames`)
 */
export async function isAllowed(
  api: KubeApi,
  {
    namespace,
    name,
    rule,
    signal,
  }: {
    readonly namespace: string
    readonly name: string
    readonly rule: Rule
    readonly signal: AbortSignal | undefined
  },
): Promise<boolean | undefined> {
  const allowed = await within(review(api, namespace, rule), Number.POSITIVE_INFINITY, signal)
  // Of what is yet to be created nobody has the right by name.
  if (allowed !== false || rule.resource !== 'jobs' || rule.verb === 'create') return allowed as boolean | undefined
  return (await within(review(api, namespace, rule, name), Number.POSITIVE_INFINITY, signal)) as boolean | undefined
}

function review(api: KubeApi, namespace: string, rule: Rule, name?: string): Promise<boolean | undefined> {
  const known = reviews.get(api) ?? new Map<string, Review>()
  reviews.set(api, known)
  for (const [key, { askedAt }] of known) if (performance.now() - askedAt > REMEMBERED_MS) known.delete(key)
  const key = [namespace, rule.apiGroup, rule.resource, rule.verb, name ?? ''].join(' ')
  const found = known.get(key)
  if (found !== undefined) return found.allowed
  const allowed = ask(api, namespace, rule, name)
  known.set(key, { allowed, askedAt: performance.now() })
  const forget = (): void => void known.delete(key)
  allowed.then((answer) => (answer === true ? undefined : forget()), forget)
  return allowed
}

async function ask(
  api: KubeApi,
  namespace: string,
  { apiGroup: group, resource: full, verb }: Rule,
  name: string | undefined,
): Promise<boolean | undefined> {
  const [resource, subresource] = full.split('/')
  const resourceAttributes = {
    namespace,
    group,
    resource,
    verb,
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
  }
  try {
    const { status } = await api.request<{ readonly status?: { readonly allowed?: unknown } }>({
      verb: 'create',
      resource: 'selfsubjectaccessreviews',
      namespace: '',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      },
      expects: 'anything', // it has no name
    })
    return typeof status?.allowed === 'boolean' ? status.allowed : undefined
  } catch (error) {
    if (error instanceof ApiAnswer && error.code === 403) return undefined
    throw error instanceof ApiAnswer ? toK8sError(error) : error
  }
}
