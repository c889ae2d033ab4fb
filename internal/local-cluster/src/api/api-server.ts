import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from '../access/certificate.ts'
import { internal, StatusError, unauthorized } from '../answers/status-error.ts'
import { send } from './answer.ts'
import { Dispatch, type DispatchParts } from './dispatch.ts'

export interface ApiServerParts extends DispatchParts {
  readonly certificate: Certificate
  readonly token: string
}

/** The HTTPS server: checks the token of each request and sends its answer. */
export class ApiServer implements AsyncDisposable {
  readonly #dispatch: Dispatch
  readonly #server: Server
  readonly #tokenDigest: Buffer

  private constructor(parts: ApiServerParts) {
    this.#dispatch = new Dispatch(parts)
    this.#tokenDigest = digest(`Bearer ${parts.token}`)
    this.#server = createServer(parts.certificate, (request, response) => void this.#answer(request, response))
    // A kept connection must outlive the clients' own idea of how long it lasts, or their next request meets a reset.
    this.#server.keepAliveTimeout = 120_000
    this.#server.requestTimeout = 0
  }

  /** Listens on loopback, on a port that is free. */
  static async start(parts: ApiServerParts): Promise<ApiServer> {
    const server = new ApiServer(parts)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Ends every connection, watches included. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client may go away before its answer is sent.
    response.on('error', () => {})
    try {
      const given = digest(request.headers.authorization ?? '')
      if (!timingSafeEqual(given, this.#tokenDigest)) throw unauthorized()
      const answer = await this.#dispatch.answer(request, response)
      if (answer) send(response, answer)
    } catch (error) {
      const { status } = error instanceof StatusError ? error : internal(String(error))
      if (response.headersSent) response.destroy()
      else send(response, { code: status.code ?? 500, body: status })
    }
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
