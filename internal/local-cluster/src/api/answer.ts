import type { ServerResponse } from 'node:http'

/** An answer with its HTTP status and the texts of its Warning headers. */
export interface Answer {
  readonly code: number
  readonly body: unknown
  readonly warnings?: readonly string[]
  /** Default: text for a string, JSON for anything else. */
  readonly contentType?: string
}

export function send(response: ServerResponse, { code, body, warnings = [], contentType }: Answer): void {
  const plain = typeof body === 'string'
  for (const text of warnings) response.appendHeader('warning', `299 - ${JSON.stringify(text)}`)
  response.writeHead(code, {
    'content-type': contentType ?? (plain ? 'text/plain' : 'application/json'),
    'cache-control': 'no-cache, private',
  })
  response.end(plain ? body : `${JSON.stringify(body)}\n`)
}
