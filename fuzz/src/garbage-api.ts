import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import fc from 'fast-check'
import { TOKEN } from './secrets.ts'

/** One answer of a broken API server, or of a proxy in front of it. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** How the body ends: whole, cut off, or never. */
  readonly end: 'whole' | 'cut' | 'never' | 'endless'
}

const job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'job', namespace: 'default', uid: 'u-1', resourceVersion: '7' },
  spec: {},
  status: {},
}
const bodies: readonly unknown[] = [
  {},
  null,
  [],
  'text',
  7,
  job,
  { ...job, status: null },
  { ...job, metadata: null },
  { ...job, status: { conditions: [{ type: 'Complete', status: 'True' }], succeeded: 2, completionTime: 'never' } },
  {
    ...job,
    status: { conditions: [null, { type: 'Failed', status: 'True', reason: 5, message: {} }], failed: 'many' },
  },
  { kind: 'JobList', items: [job], metadata: {} },
  { kind: 'JobList', items: null, metadata: { continue: 'again' } },
  {
    kind: 'PodList',
    items: [{}, null, { metadata: {}, status: { containerStatuses: [null, {}] } }],
    metadata: { resourceVersion: '7' },
  },
  { kind: 'Status', status: 'Failure', code: 'x', reason: 7, message: { a: 1 }, details: null },
  {
    kind: 'Status',
    status: 'Failure',
    code: 403,
    reason: 'Forbidden',
    message: `user with Bearer ${TOKEN} may not\x1b[2J`,
  },
  {
    kind: 'Status',
    status: 'Failure',
    code: 409,
    reason: 'AlreadyExists',
    message: 'it exists',
    details: { kind: 'jobs', name: 'job' },
  },
  { type: 'ADDED', object: job },
  { type: 'ERROR', object: { code: 410, message: `${TOKEN}` } },
  { status: { allowed: 'yes' } },
]

const answer: fc.Arbitrary<Answer> = fc.record({
  status: fc.constantFrom(200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503),
  headers: fc.constantFrom<Record<string, string>>(
    {},
    { 'content-type': 'application/json' },
    { 'content-type': 'text/html' },
    { 'retry-after': '86400' },
    { 'retry-after': '99999999999' },
    { warning: `299 - "${TOKEN} \\x1b[31m"` },
    { 'content-length': '3' },
  ),
  body: fc.oneof(
    fc.constantFrom(...bodies.map((body) => JSON.stringify(body))),
    fc.constantFrom(
      '',
      '<html>login</html>',
      '{"kind":',
      '\n\n',
      `Authorization: Bearer ${TOKEN}`,
      '\x1b]52;c;aGk=\x07',
      'x'.repeat(70_000),
    ),
    fc.json({ maxDepth: 3 }),
  ),
  end: fc.oneof(
    { weight: 12, arbitrary: fc.constant<Answer['end']>('whole') },
    { weight: 2, arbitrary: fc.constant<Answer['end']>('cut') },
    { weight: 1, arbitrary: fc.constantFrom<Answer['end']>('never', 'endless') },
  ),
})

export const answers: fc.Arbitrary<readonly Answer[]> = fc.array(answer, { minLength: 1, maxLength: 8 })

export interface GarbageApi extends AsyncDisposable {
  readonly url: string
  /** Answers with these from now on, over and over. */
  play(answers: readonly Answer[]): void
}

export async function startGarbageApi(): Promise<GarbageApi> {
  let playing: readonly Answer[] = []
  let at = 0
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const next = playing[at++ % Math.max(1, playing.length)]
    request.resume()
    if (next === undefined) return void response.destroy()
    response.on('error', () => {})
    const { 'content-length': _, ...headers } = next.headers
    response.writeHead(next.status, next.end === 'whole' ? headers : next.headers)
    // A 204 has no body: Node takes each write and sends none.
    if (next.end === 'whole' || next.status === 204) return void response.end(next.body)
    response.write(next.body.slice(0, 3))
    if (next.end === 'cut') return void setImmediate(() => response.destroy())
    if (next.end === 'never') return
    const more = (): void => {
      while (!response.destroyed && response.write(ENDLESS));
    }
    response.on('drain', more)
    more()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    play: (given) => {
      playing = given
      at = 0
      server.closeAllConnections()
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const ENDLESS = ' '.repeat(65_536)
