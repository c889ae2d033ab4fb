import { pause } from '@internal/async'
import { redact } from '@internal/errors'
import type { Dispatcher } from 'undici'
import { K8sError } from '../errors.ts'
import { ApiAnswer, toK8sError, unreachable, type Wanted } from './api-answer.ts'
import { fullJitterMs } from './backoff.ts'
import { type KubeConfigLike, loadKubeConfig } from './kube-config.ts'

const ANSWER_TIMEOUT_MS = 30_000
const ATTEMPTS = 6

export interface ApiRequest extends Wanted {
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly contentType?: string
  readonly signal?: AbortSignal | undefined
}

/** A stream of an answer's body; aborting the request's signal ends it. */
export type ApiStream = AsyncIterable<Uint8Array>

/**
 * Talks to one API server over one pool of connections. Credentials, certificates and proxies are the kubeconfig's; the
 * requests are not client-node's, which opens a pool for each of them (kubernetes-client/javascript#2893).
 */
export class KubeApi {
  readonly server: URL
  readonly namespace: string
  readonly #config: KubeConfigLike
  #dispatcher: Dispatcher | undefined

  private constructor(config: KubeConfigLike, server: URL) {
    this.#config = config
    this.server = server
    this.namespace = config.getContextObject(config.getCurrentContext())?.namespace || 'default'
  }

  /** @throws {K8sError} `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`. */
  static async load(config?: KubeConfigLike): Promise<KubeApi> {
    const found = config ?? (await loadKubeConfig())
    const server = URL.parse(found.getCurrentCluster()?.server ?? '')
    if (server !== null) return new KubeApi(found, server)
    throw new K8sError({
      code: 'KUBECONFIG_INVALID',
      message: `The kubeconfig's current context (${found.getCurrentContext() || 'none is set'}) leads to no server.`,
      hint: 'Choose one: `kubectl config get-contexts`, `kubectl config use-context NAME`.',
    })
  }

  /**
   * Sends a request and returns the answer's object. What can heal (no connection, 429, 5xx) is tried again: every
   * request here may be sent twice, since creates carry a fixed name and deletes a uid.
   *
   * @throws ApiAnswer for an answer that is final; K8sError `API_UNREACHABLE`, `KUBECONFIG_INVALID`.
   */
  async request<Answer>(request: ApiRequest): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#object<Answer>(request)
      } catch (error) {
        request.signal?.throwIfAborted()
        const again =
          error instanceof ApiAnswer ? error.passing || (error.code === 401 && attempt === 1) : isPassing(error)
        if (!again || attempt === ATTEMPTS) throw error
        if (error instanceof ApiAnswer && error.code === 401) this.#forgetConnections()
        const retryAfterMs = error instanceof ApiAnswer ? (error.retryAfterMs ?? 0) : 0
        await pause(Math.max(retryAfterMs, fullJitterMs(attempt, { baseMs: 250, maxMs: 5000 })), request.signal)
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

  /** Opens a stream: a watch or a log. Tried once. */
  async stream(request: ApiRequest): Promise<ApiStream> {
    const { body } = await this.#send(request, { headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: 0 })
    return body
  }

  /** {@link expect}, with the texts of the answer's `Warning` headers. Tried once. */
  async withWarnings(request: ApiRequest): Promise<readonly string[]> {
    try {
      const { body, headers } = await this.#send(request, {
        headersTimeout: ANSWER_TIMEOUT_MS,
        bodyTimeout: ANSWER_TIMEOUT_MS,
      })
      await body.dump()
      return [headers.warning ?? []].flat().flatMap(warningTexts)
    } catch (error) {
      throw error instanceof ApiAnswer ? toK8sError(error) : error
    }
  }

  /** Ends the connections that are kept for the next request. */
  async close(): Promise<void> {
    const old = this.#dispatcher
    this.#dispatcher = undefined
    await old?.close()
  }

  /** Makes the next request read the credentials and certificates again, as after a 401. */
  renewCredentials(): void {
    this.#forgetConnections()
  }

  async #object<Answer>(request: ApiRequest): Promise<Answer> {
    const { body } = await this.#send(request, { headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS })
    try {
      return (await body.json()) as Answer
    } catch (cause) {
      request.signal?.throwIfAborted()
      throw this.#notReached(request, cause) // cut short, or the page of a proxy
    }
  }

  async #send(
    request: ApiRequest,
    timeouts: { headersTimeout: number; bodyTimeout: number },
  ): Promise<Dispatcher.ResponseData> {
    request.signal?.throwIfAborted()
    const { headers, dispatcher } = await this.#prepare()
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json'
    const answer = await dispatcher
      .request({
        origin: this.server.origin,
        path: this.server.pathname.replace(/\/$/, '') + request.path + queryText(request.query),
        method: METHODS[request.verb],
        headers,
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: request.signal ?? null,
        ...timeouts,
      })
      .catch((cause: unknown) => {
        request.signal?.throwIfAborted()
        throw this.#notReached(request, cause)
      })
    if (answer.statusCode < 300) return answer
    const retryAfter = answer.headers['retry-after']
    throw new ApiAnswer({
      code: answer.statusCode,
      body: await answer.body.text().catch(() => ''),
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      wanted: { verb: request.verb, resource: request.resource, namespace: request.namespace, name: request.name },
    })
  }

  /** The kubeconfig's headers, fresh for each request: tokens expire. The connections are those of the first request. */
  async #prepare(): Promise<{ headers: Record<string, string>; dispatcher: Dispatcher }> {
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'podqueue' }
    let offered: Dispatcher | undefined
    try {
      await this.#config.applySecurityAuthentication({
        setHeaderParam: (name, value) => {
          headers[name.toLowerCase()] = value
        },
        setDispatcher: (dispatcher) => {
          offered = dispatcher
        },
      })
    } catch (cause) {
      throw new K8sError({
        code: 'KUBECONFIG_INVALID',
        message: `The kubeconfig's credentials cannot be used: ${redact(cause instanceof Error ? cause.message : String(cause))}`,
        hint: 'Try `kubectl auth whoami`: a certificate, a token file or the command that gets a token may be missing.',
        cause,
      })
    }
    if (this.#dispatcher === undefined) {
      const { Agent } = await import('undici')
      this.#dispatcher = offered ?? new Agent()
    } else if (offered !== undefined && offered !== this.#dispatcher) {
      void offered.close() // has no connection yet
    }
    return { headers, dispatcher: this.#dispatcher }
  }

  #forgetConnections(): void {
    const old = this.#dispatcher
    this.#dispatcher = undefined
    void old?.close() // what is under way on it ends in its own time
  }

  #notReached(request: ApiRequest, cause: unknown): K8sError {
    const { host } = this.server
    const why = cause instanceof Error ? cause.message : String(cause)
    const details = { server: host, verb: request.verb, resource: request.resource }
    if (cause instanceof Error && 'code' in cause && CERTIFICATE.test(String(cause.code))) {
      return new K8sError({
        code: 'KUBECONFIG_INVALID',
        message: `No trusted connection to the API server ${host}: ${redact(why)}`,
        hint: 'The kubeconfig needs the authority that signed the server’s certificate (certificate-authority-data), for that host name.',
        details,
        cause,
      })
    }
    return unreachable(`The API server ${host} does not answer: ${redact(why)}`, details, cause)
  }
}

const METHODS = { get: 'GET', list: 'GET', watch: 'GET', create: 'POST', patch: 'PATCH', delete: 'DELETE' } as const

/** What Node calls a certificate that does not prove who the server is, or TLS with something that does not speak it. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET|ERR_SSL|ERR_TLS/

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
