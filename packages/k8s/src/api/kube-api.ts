import { late, pause, within } from '@internal/async'
import { describeThrown, shownCause, showText } from '@internal/errors'
import type { Dispatcher } from 'undici'
import { accessTo, type ClusterAccess, type Headers } from '../access/cluster-access.ts'
import type { KubeConfigLike } from '../access/kube-config-like.ts'
import { K8sError } from '../errors.ts'
import { readAnswer, readError } from './answer-body.ts'
import { type Expected, hasShape } from './answer-shape.ts'
import { ApiAnswer, toK8sError, unreachable, type Wanted } from './api-answer.ts'
import { fullJitterMs } from './backoff.ts'
import { RequestGate } from './request-gate.ts'

/** An answer that is not a stream has this time, from the request to its last byte. */
const ANSWER_TIMEOUT_MS = 30_000
/** Longer than a login plugin may take, which has a better error for that. */
const CREDENTIALS_TIMEOUT_MS = 65_000
const ATTEMPTS = 6
/** An attempt that has less time than this would only hide why the one before failed. */
const LEAST_MS = 500
/** As many requests are under way at the same time; watches and logs are beside them. */
const REQUESTS_AT_ONCE = 16

export interface ApiRequest extends Wanted {
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly contentType?: string
  /** The form of the answer. Default: by the verb, a list, an object, or for a deletion anything. */
  readonly expects?: Expected
  /** The time in which the request may be tried again, milliseconds. Default: no limit but six attempts. */
  readonly withinMs?: number
  readonly signal?: AbortSignal | undefined
}

/** A stream of an answer's body; aborting the request's signal ends it. */
export type ApiStream = AsyncIterable<Uint8Array>

/** An answer with the texts of its `Warning` headers. */
export interface AnswerWithWarnings<Answer> {
  readonly answer: Answer
  readonly warnings: readonly string[]
}

/**
 * Talks to one API server over few connections. Credentials, certificates and proxies are the kubeconfig's; the requests are not
 * client-node's, which opens a pool for each of them (kubernetes-client/javascript#2893).
 */
export class KubeApi {
  readonly server: URL
  readonly namespace: string
  readonly #access: ClusterAccess
  readonly #gate = new RequestGate(REQUESTS_AT_ONCE)

  private constructor(access: ClusterAccess) {
    this.#access = access
    this.server = access.server
    this.namespace = access.namespace
  }

  /** @throws {K8sError} `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`. */
  static async load(config?: KubeConfigLike): Promise<KubeApi> {
    return new KubeApi(await accessTo(config))
  }

  /**
   * Sends a request and returns the answer's object. Faults that can heal (no connection, 429, 5xx) are tried again: every
   * request here may be sent twice, since creates carry a fixed name and deletes a uid.
   *
   * @throws ApiAnswer for an answer that is final; K8sError `API_UNREACHABLE`, `KUBECONFIG_INVALID`.
   */
  async request<Answer>(request: ApiRequest): Promise<Answer> {
    return (await this.requestWithWarnings<Answer>(request)).answer
  }

  /** {@link request}, with the texts of the answer's `Warning` headers. */
  async requestWithWarnings<Answer>(request: ApiRequest): Promise<AnswerWithWarnings<Answer>> {
    const deadline = performance.now() + (request.withinMs ?? Number.POSITIVE_INFINITY)
    for (let attempt = 1; ; attempt++) {
      const left = deadline - performance.now()
      try {
        return await this.#answer<Answer>(request, left)
      } catch (error) {
        request.signal?.throwIfAborted()
        const again =
          error instanceof ApiAnswer ? error.passing || (error.code === 401 && attempt === 1) : isPassing(error)
        const retryAfterMs = error instanceof ApiAnswer ? (error.retryAfterMs ?? 0) : 0
        const waitMs = Math.max(retryAfterMs, fullJitterMs(attempt, { baseMs: 250, maxMs: 5000 }))
        if (!again || attempt === ATTEMPTS || performance.now() + waitMs + LEAST_MS > deadline) throw error
        if (error instanceof ApiAnswer && error.code === 401) this.renewCredentials()
        await pause(waitMs, request.signal)
      }
    }
  }

  /** {@link request}, with an answer that is final as a K8sError. */
  async expect<Answer>(request: ApiRequest): Promise<Answer> {
    try {
      return await this.request<Answer>(request)
    } catch (error) {
      throw error instanceof ApiAnswer ? toK8sError(error) : error
    }
  }

  /** Opens a stream: a watch or a log. Tried once. One that does not follow ends when nothing has come for 30 s. */
  async stream(request: ApiRequest): Promise<ApiStream> {
    const { watch, follow } = request.query ?? {}
    const bodyTimeout = watch === true || follow === true ? 0 : ANSWER_TIMEOUT_MS
    const { body } = await this.#send(request, { bodyTimeout, signal: request.signal })
    return body
  }

  /** Ends the connections that are kept for the next request. */
  async close(): Promise<void> {
    await this.#access.close()
  }

  /** Makes the next request read the credentials and certificates again, as after a 401. */
  renewCredentials(): void {
    this.#access.renew()
  }

  /** A text from the server as it may be shown: of a bounded length, without control characters and without credentials. */
  shown(text: string): string {
    return showText(text, { redactor: this.#access.secrets.redactor })
  }

  /** A text of any length without this client's credentials, and without users and passwords of addresses. */
  withoutCredentials(text: string): string {
    return this.#access.secrets.redactor.redact(text)
  }

  /** The words of an error that was caught, as they may be shown. */
  words(error: unknown): string {
    return describeThrown(error, { redactor: this.#access.secrets.redactor })
  }

  /** The error for a server that answers, but not as Kubernetes does. */
  notKubernetes(request: Wanted, text: string): K8sError {
    const { host } = this.server
    const said = text === '' ? 'nothing' : this.shown(text).slice(0, 200)
    return unreachable(
      `The server ${host} answers, but not as Kubernetes does, to ${request.verb} ${request.resource}: ${said}`,
      { server: host, verb: request.verb, resource: request.resource },
      undefined,
    )
  }

  async #answer<Answer>(request: ApiRequest, withinMs: number): Promise<AnswerWithWarnings<Answer>> {
    const timeoutMs = Math.max(1, Math.ceil(Math.min(ANSWER_TIMEOUT_MS, withinMs)))
    let timeout: AbortSignal | undefined
    const answered = async (): Promise<{ text: string; warnings: readonly string[] }> => {
      timeout = AbortSignal.timeout(timeoutMs)
      const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout])
      const { body, headers } = await this.#send(request, { bodyTimeout: ANSWER_TIMEOUT_MS, signal })
      return { text: await readAnswer(body), warnings: [headers.warning ?? []].flat().flatMap(warningTexts) }
    }
    try {
      const { text, warnings } = await this.#gate.through(answered, request.signal)
      return { answer: this.#parsed<Answer>(request, text), warnings: warnings.map((warning) => this.shown(warning)) }
    } catch (error) {
      if (error instanceof ApiAnswer || error instanceof K8sError) throw error
      request.signal?.throwIfAborted()
      // Connections that gave no answer in time may be dead without knowing it.
      const late = timeout?.aborted === true
      if (late) this.renewCredentials()
      throw this.#notReached(request, late ? new Error(`no answer within ${timeoutMs} ms`) : error)
    }
  }

  #parsed<Answer>(request: ApiRequest, text: string): Answer {
    let answer: unknown
    try {
      answer = JSON.parse(text)
    } catch {
      throw this.notKubernetes(request, text)
    }
    if (!hasShape(answer, request.expects ?? EXPECTED[request.verb])) throw this.notKubernetes(request, text)
    return answer as Answer
  }

  async #send(
    request: ApiRequest,
    { bodyTimeout, signal }: { readonly bodyTimeout: number; readonly signal: AbortSignal | undefined },
  ): Promise<Dispatcher.ResponseData> {
    signal?.throwIfAborted()
    // A login is shared by all requests and goes on, but a request that waits for it ends by its own signal.
    const authorized = await within(this.#authorize(), CREDENTIALS_TIMEOUT_MS, signal)
    if (authorized === late) throw credentialsInvalid(`none came within ${CREDENTIALS_TIMEOUT_MS / 1000} s`, undefined)
    const { headers, dispatcher } = authorized
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json'
    const answer = await dispatcher
      .request({
        origin: this.server.origin,
        path: `${this.server.pathname.replace(/\/$/, '')}${request.path}${queryText(request.query)}`,
        method: METHODS[request.verb],
        headers,
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        ...(signal === undefined ? {} : { signal }),
        headersTimeout: ANSWER_TIMEOUT_MS,
        bodyTimeout,
      })
      .catch((cause: unknown) => {
        signal?.throwIfAborted()
        throw this.#notReached(request, cause)
      })
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer
    const retryAfter = answer.headers['retry-after']
    throw new ApiAnswer({
      code: answer.statusCode,
      body: this.withoutCredentials(await readError(answer.body)),
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      wanted: { verb: request.verb, resource: request.resource, namespace: request.namespace, name: request.name },
    })
  }

  async #authorize(): Promise<{ headers: Headers; dispatcher: Dispatcher }> {
    try {
      const { headers, dispatcher } = await this.#access.authorize()
      return { headers: { accept: 'application/json', 'user-agent': 'podqueue', ...headers }, dispatcher }
    } catch (cause) {
      if (cause instanceof K8sError) throw cause
      throw credentialsInvalid(this.words(cause), this.#shownCause(cause))
    }
  }

  #notReached(request: ApiRequest, cause: unknown): K8sError {
    const { host } = this.server
    const why = this.words(cause)
    const details = { server: host, verb: request.verb, resource: request.resource }
    if (cause instanceof Error && 'code' in cause && CERTIFICATE.test(String(cause.code))) {
      return new K8sError({
        code: 'KUBECONFIG_INVALID',
        message: `No trusted connection to the API server ${host}: ${why}`,
        hint: 'The kubeconfig needs the authority that signed the server’s certificate (certificate-authority-data), for that host name.',
        details,
        cause: this.#shownCause(cause),
      })
    }
    return unreachable(`The API server ${host} does not answer: ${why}`, details, this.#shownCause(cause))
  }

  #shownCause(cause: unknown): Error {
    return shownCause(cause, { redactor: this.#access.secrets.redactor })
  }
}

const METHODS = { get: 'GET', list: 'GET', watch: 'GET', create: 'POST', patch: 'PATCH', delete: 'DELETE' } as const

const EXPECTED: Readonly<Record<Wanted['verb'], Expected>> = {
  get: 'object',
  list: 'list',
  watch: 'anything',
  create: 'object',
  patch: 'object',
  delete: 'anything',
}

/** Node's codes for a certificate that does not prove who the server is, and for TLS with a server that does not speak it. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET|ERR_SSL|ERR_TLS/

function credentialsInvalid(why: string, cause: Error | undefined): K8sError {
  return new K8sError({
    code: 'KUBECONFIG_INVALID',
    message: `The kubeconfig's credentials cannot be used: ${why}`,
    hint: 'Try `kubectl auth whoami`: a certificate, a token file or the command that gets a token may be missing.',
    ...(cause === undefined ? {} : { cause }),
  })
}

function isPassing(error: unknown): boolean {
  return error instanceof K8sError && error.retryable
}

/** The texts of `299 - "text"`, of which one header may hold several. https://www.rfc-editor.org/rfc/rfc7234#section-5.5 */
function warningTexts(header: string): string[] {
  return [...header.matchAll(/\d{3} \S+ ("(?:[^"\\]|\\.)*")/g)].map(([, quoted = '""']) =>
    quoted.slice(1, -1).replace(/\\(.)/g, '$1'),
  )
}

function queryText(query: ApiRequest['query'] = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value))
  return params.size === 0 ? '' : `?${params}`
}
