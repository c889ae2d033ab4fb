import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, type Dispatcher, request } from 'undici'
import type { KubeObject } from '../../src/objects/objects.ts'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the answer's shape is what the behaviours are about
  readonly body: any
  /** The texts of the Warning headers. */
  readonly warnings: readonly string[]
  readonly contentType: string
}

export interface WatchEvent<T = KubeObject> {
  readonly type: string
  readonly object: T
}

export const MERGE = { 'content-type': 'application/merge-patch+json' }
export const STRATEGIC_MERGE = { 'content-type': 'application/strategic-merge-patch+json' }
export const JSON_PATCH = { 'content-type': 'application/json-patch+json' }

/** A namespace of a cluster. */
export interface Place {
  readonly client: KubeClient
  /** The path of a list of the namespace, or of an object in it. */
  path(plural: string, ...names: string[]): string
}

/** A plain client of an API server: what is sent and answered as it is, without a library's own idea of it. */
export class KubeClient implements AsyncDisposable {
  readonly #server: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #dispatcher: Dispatcher

  private constructor(server: string, headers: Record<string, string>, dispatcher: Dispatcher) {
    this.#server = server
    this.#headers = headers
    this.#dispatcher = dispatcher
  }

  static async connect(kubeConfig: KubeConfig): Promise<KubeClient> {
    const headers: Record<string, string> = {}
    let dispatcher: Dispatcher = new Agent()
    await kubeConfig.applySecurityAuthentication({
      setHeaderParam: (name: string, value: string) => {
        headers[name.toLowerCase()] = value
      },
      setDispatcher: (offered: Dispatcher) => {
        dispatcher = offered
      },
    } as Parameters<KubeConfig['applySecurityAuthentication']>[0])
    return new KubeClient(kubeConfig.getCurrentCluster()?.server ?? '', headers, dispatcher)
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await request(this.#server + path, {
      method: method as 'GET',
      dispatcher: this.#dispatcher,
      headers: { accept: 'application/json', 'content-type': 'application/json', ...this.#headers, ...headers },
      bodyTimeout: 0,
      ...(body !== undefined && { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
    })
    const text = await response.body.text()
    const [contentType = ''] = [response.headers['content-type'] ?? ''].flat()
    const warnings = [response.headers.warning ?? []].flat().map((header) => /"(.*)"/.exec(header)?.[1] ?? header)
    const answer = contentType.startsWith('application/json') ? JSON.parse(text) : text
    return { status: response.statusCode, body: answer, warnings, contentType }
  }

  /** The changes of a watch, one by one. Ends with the watch; leaving the loop ends the request. */
  async *watch<T = KubeObject>(path: string, query: Record<string, string> = {}): AsyncGenerator<WatchEvent<T>> {
    let rest = ''
    for await (const chunk of this.stream(path, { watch: 'true', timeoutSeconds: '120', ...query })) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line)
    }
  }

  /** The status of an answer as soon as its headers are there. Does not wait for a body. */
  async headersOf(path: string, query: Record<string, string>): Promise<number> {
    const response = await request(`${this.#server}${path}?${new URLSearchParams(query)}`, {
      dispatcher: this.#dispatcher,
      headers: this.#headers,
      headersTimeout: 10_000,
    })
    response.body.on('error', () => {})
    response.body.destroy()
    return response.statusCode
  }

  /** An answer's text as it comes. */
  async *stream(path: string, query: Record<string, string>): AsyncGenerator<string> {
    const abort = new AbortController()
    const response = await request(`${this.#server}${path}?${new URLSearchParams(query)}`, {
      dispatcher: this.#dispatcher,
      headers: this.#headers,
      bodyTimeout: 0,
      signal: abort.signal,
    })
    // The answer to a watch that begins too far back: in its stream, or at once.
    if (response.statusCode === 410) {
      yield `${JSON.stringify({ type: 'ERROR', object: await response.body.json() })}\n`
      return
    }
    if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode} ${await response.body.text()}`)
    response.body.setEncoding('utf8')
    try {
      for await (const chunk of response.body) yield chunk
    } finally {
      response.body.on('error', () => {})
      abort.abort()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy()
  }
}
