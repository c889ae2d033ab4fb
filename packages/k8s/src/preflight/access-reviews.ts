import { within } from '@internal/async'
import { ApiAnswer, toK8sError } from '../api/api-answer.ts'
import type { KubeApi } from '../api/kube-api.ts'
import type { Rule } from './role.ts'

/** A right that a client has is believed for this time: rights rarely go, and many Jobs may start in a minute. */
const REMEMBERED_MS = 60_000

/** One question to the server. The calls that want its answer share it: it is given up when the last of them has left. */
class Review {
  readonly askedAt = performance.now()
  readonly answer: Promise<boolean | undefined>
  readonly #giveUp = new AbortController()
  #waiting = 0

  constructor(ask: (signal: AbortSignal) => Promise<boolean | undefined>) {
    this.answer = ask(this.#giveUp.signal)
    this.answer.catch(() => {}) // each call that waits handles it
  }

  get isGivenUp(): boolean {
    return this.#giveUp.signal.aborted
  }

  /** Waits for the answer. @throws the signal's reason when it aborts before */
  async wait(signal: AbortSignal | undefined): Promise<boolean | undefined> {
    this.#waiting++
    let isAnswered = false
    try {
      const answer = (await within(this.answer, Number.POSITIVE_INFINITY, signal)) as boolean | undefined
      isAnswered = true
      return answer
    } finally {
      this.#waiting--
      if (!isAnswered && this.#waiting === 0) this.#giveUp.abort()
    }
  }
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
  const allowed = await review(api, namespace, rule).wait(signal)
  // Of what is yet to be created nobody has the right by name.
  if (allowed !== false || rule.resource !== 'jobs' || rule.verb === 'create') return allowed
  return review(api, namespace, rule, name).wait(signal)
}

function review(api: KubeApi, namespace: string, rule: Rule, name?: string): Review {
  const known = reviews.get(api) ?? new Map<string, Review>()
  reviews.set(api, known)
  for (const [key, { askedAt }] of known) if (performance.now() - askedAt > REMEMBERED_MS) known.delete(key)
  const key = [namespace, rule.apiGroup, rule.resource, rule.verb, name ?? ''].join(' ')
  const found = known.get(key)
  if (found !== undefined && !found.isGivenUp) return found
  const asked = new Review((signal) => ask(api, namespace, rule, { name, signal }))
  known.set(key, asked)
  const forget = (): void => {
    if (known.get(key) === asked) known.delete(key)
  }
  asked.answer.then((answer) => (answer === true ? undefined : forget()), forget)
  return asked
}

async function ask(
  api: KubeApi,
  namespace: string,
  { apiGroup: group, resource: full, verb }: Rule,
  { name, signal }: { readonly name: string | undefined; readonly signal: AbortSignal },
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
      signal,
    })
    return typeof status?.allowed === 'boolean' ? status.allowed : undefined
  } catch (error) {
    if (error instanceof ApiAnswer && error.code === 403) return undefined
    throw error instanceof ApiAnswer ? toK8sError(error) : error
  }
}
