import { showText } from '@internal/errors'
import { K8sError } from '../errors.ts'
import type { StatusObject } from './api-objects.ts'

/** The right that a request needs, in the words of a Role. */
export interface Wanted {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete'
  /** `jobs`, `pods`, `pods/log`, `secrets`, `events`, `selfsubjectaccessreviews`, `version`. */
  readonly resource: string
  readonly namespace: string
  readonly name?: string | undefined
}

const LONGEST_RETRY_MS = 60_000

/** An answer of the API server that is not success: internal, made into a K8sError where it leaves the package. */
export class ApiAnswer extends Error {
  override name = 'ApiAnswer'
  readonly code: number
  readonly status: StatusObject | undefined
  readonly retryAfterMs: number | undefined
  readonly wanted: Wanted

  constructor(answer: { code: number; body: string; retryAfter?: string | undefined; wanted: Wanted }) {
    const status = parseStatus(answer.body)
    super(showText((status?.message ?? answer.body.slice(0, 300)) || `HTTP ${answer.code}`))
    this.code = answer.code
    this.status = status
    this.wanted = answer.wanted
    const seconds = Number(answer.retryAfter ?? status?.details?.retryAfterSeconds)
    // A server that asks for a day, or for more than a timer takes, is asked again after a minute.
    this.retryAfterMs =
      Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, LONGEST_RETRY_MS) : undefined
  }

  /** Whether the same request may be answered otherwise later: too many, not ready, an error of the server's own. */
  get passing(): boolean {
    return this.code === 429 || this.code >= 500 || this.code === 408
  }
}

function parseStatus(body: string): StatusObject | undefined {
  try {
    const status = JSON.parse(body)
    return status?.kind === 'Status' ? wellFormed(status) : undefined
  } catch {
    return undefined // a proxy's page
  }
}

/** Only the fields that have the right type: a broken extension sends others. */
function wellFormed({ message, reason, code, details }: Readonly<Record<string, unknown>>): StatusObject {
  const { name, kind, retryAfterSeconds, causes } = (details ?? {}) as Readonly<Record<string, unknown>>
  return {
    kind: 'Status',
    ...(typeof code === 'number' ? { code } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof message === 'string' ? { message } : {}),
    details: {
      ...(typeof name === 'string' ? { name } : {}),
      ...(typeof kind === 'string' ? { kind } : {}),
      ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
      ...(Array.isArray(causes)
        ? { causes: causes.filter((cause) => typeof cause === 'object' && cause !== null) }
        : {}),
    },
  }
}

/** Converts an answer into the error that a call throws. */
export function toK8sError(answer: ApiAnswer): K8sError {
  const { code, wanted, status } = answer
  const what = `${wanted.verb} ${wanted.resource}${wanted.name === undefined ? '' : ` "${wanted.name}"`}`
  const details = { status: code, reason: status?.reason, ...wanted }
  const words = answer.message
  if (code === 401) {
    return new K8sError({
      code: 'UNAUTHORIZED',
      message: `The API server does not accept the credentials (401) to ${what} in namespace ${wanted.namespace}.`,
      hint: 'The token or certificate of the kubeconfig may have expired: try `kubectl auth whoami`.',
      details,
      cause: answer,
    })
  }
  if (isMissingNamespace(answer)) {
    return new K8sError({
      code: 'NAMESPACE_NOT_FOUND',
      message: `Namespace ${wanted.namespace} ${code === 404 ? 'does not exist' : 'is being deleted'}.`,
      hint: `\`kubectl create namespace ${wanted.namespace}\`, or name another by \`namespace\`.`,
      details,
      cause: answer,
    })
  }
  if (code === 403 && RBAC.test(words)) return forbidden(answer, what, details)
  if (status === undefined && !answer.passing) {
    return unreachable(
      `The server answers ${code} to ${what}, but not as Kubernetes does: ${words.slice(0, 200)}`,
      details,
      answer,
    )
  }
  if (code === 404 && wanted.resource === 'jobs') {
    return new K8sError({
      code: 'JOB_NOT_FOUND',
      message: `There is no Job ${wanted.namespace}/${wanted.name ?? ''}.`,
      hint: 'Check its name and namespace; a finished Job is removed after its ttlMs.',
      details,
      cause: answer,
    })
  }
  if (answer.passing) return unreachable(`The API server answers ${code} to ${what}: ${words}`, details, answer)
  return new K8sError({
    code: 'JOB_REJECTED',
    message: `The API server refuses (${code}) to ${what} in namespace ${wanted.namespace}: ${words}`,
    hint: words.includes('exceeded quota')
      ? 'Let other work end, delete finished Jobs, or have the quota raised (`kubectl describe quota`).'
      : 'The message is the server’s own: correct what it names.',
    details,
    cause: answer,
  })
}

/** The words of an authorizer for a user who lacks a right. An admission policy answers 403 too, in words of its own. */
const RBAC = /\bis forbidden: User "[^"]*" cannot \w+ (resource|path)\b/

function forbidden(cause: ApiAnswer, what: string, details: Readonly<Record<string, unknown>>): K8sError {
  const { verb, resource, namespace } = cause.wanted
  const group = resource === 'jobs' ? 'batch' : '""'
  return new K8sError({
    code: 'FORBIDDEN',
    message: `No right to ${what} in namespace ${namespace}: ${cause.message}`,
    hint:
      `A Role needs the rule {apiGroups: [${group}], resources: [${resource}], verbs: [${verb}]}. ` +
      `Look with \`kubectl auth can-i ${verb} ${resource === 'jobs' ? 'jobs.batch' : resource} --namespace ${namespace}\`.`,
    details,
    cause,
  })
}

function isMissingNamespace({ code, status }: ApiAnswer): boolean {
  if (code === 404) return status?.details?.kind === 'namespaces'
  return code === 403 && (status?.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating')
}

/** The HTTP status that an error of this package comes from; undefined when it does not come from an answer. */
export function statusOf(error: unknown): number | undefined {
  const answer = error instanceof K8sError ? error.cause : error
  return answer instanceof ApiAnswer ? answer.code : undefined
}

/** The API server could not be asked, or not just now. */
export function unreachable(message: string, details: Readonly<Record<string, unknown>>, cause: unknown): K8sError {
  return new K8sError({
    code: 'API_UNREACHABLE',
    message,
    hint: 'Is the cluster up, and the server of the kubeconfig reachable from here? Try `kubectl get --raw /readyz`.',
    retryable: true,
    details,
    cause,
  })
}
