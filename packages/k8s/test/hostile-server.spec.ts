import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { KubeConfig } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { KubeApi } from '../src/api/kube-api.ts'
import { createJobClient, type JobSpec, type K8sError, preflight, runJob, submitJob, waitForJob } from '../src/index.ts'
import { createJobHandle } from '../src/submit/job-handle.ts'

const TOKEN = 'geheim/token+with=signs'
const spec: JobSpec = {
  name: 'work',
  image: 'any',
  items: 1,
  queue: { name: 'job1', urlFrom: { secret: 'broker', key: 'url' } },
}

/** A server of the test's own where Kubernetes should be. */
async function serverThat(
  answers: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly kubeConfig: KubeConfig } & AsyncDisposable> {
  const server = createServer((request, response) => {
    response.on('error', () => undefined)
    answers(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const kubeConfig = new KubeConfig()
  const { port } = server.address() as AddressInfo
  kubeConfig.loadFromClusterAndUser(
    { name: 'here', server: `http://127.0.0.1:${port}`, skipTLSVerify: false },
    {
      name: 'me',
      token: TOKEN,
    },
  )
  return {
    kubeConfig,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const errorOf = (call: Promise<unknown>): Promise<K8sError> =>
  call.then(
    () => Promise.reject(new Error('it resolved')),
    (error: K8sError) => error,
  )

/** Writes without an end, as fast as the client reads. */
function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(256 * 1024, 'x')
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', write)
  write()
}

test.concurrent.each(['86400', '99999999999', '-5', 'tomorrow'])(
  'a server that asks to be left alone (Retry-After: %s) does not hold a call beyond its own limit',
  async (retryAfter) => {
    await using server = await serverThat((_, response) => {
      response.writeHead(429, { 'retry-after': retryAfter })
      response.end('{"kind":"Status","status":"Failure","message":"too many","code":429}')
    })
    const { kubeConfig } = server
    const error = await errorOf(waitForJob('work', { kubeConfig, unreachableMs: 1500 }))
    expect(error).toMatchObject({ code: 'API_UNREACHABLE', retryable: true })
  },
)

test.concurrent.each<{ what: string; status: number; write: (response: ServerResponse) => void }>([
  { what: 'slowly', status: 200, write: (response) => void response.write('{"kind":') },
  { what: 'quickly', status: 200, write: flood },
  { what: 'quickly, as an error', status: 400, write: flood },
  { what: 'slowly, as an error', status: 400, write: (response) => void response.write('{"kind":') },
])('an answer that never ends, $what, ends the call with a documented code', async ({ status, write }) => {
  await using server = await serverThat((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    write(response)
  })
  const error = await errorOf(waitForJob('work', { kubeConfig: server.kubeConfig, unreachableMs: 3000 }))
  expect(error.code).toBe('API_UNREACHABLE')
})

/** Less than the 30 s after which a request ends by itself: these calls end because they end their requests. */
const BY_ITS_SIGNAL = { timeout: 20_000 }

const NEVER_ENDING = [
  ['does not begin', () => undefined],
  ['does not end', (response: ServerResponse) => void response.write('{"kind":')],
  ['is an error and does not end', (response: ServerResponse) => void response.writeHead(400).write('{"kind":')],
  ['asks for patience and does not end', (response: ServerResponse) => void response.writeHead(429).write('{')],
] as const
const CALLS = [
  ['submitJob', (options: CallOptions) => submitJob(spec, options)],
  ['waitForJob', (options: CallOptions) => waitForJob('work', options)],
  ['runJob', (options: CallOptions) => runJob(spec, options)],
  ['preflight', (options: CallOptions) => preflight(spec, options)],
] as const
interface CallOptions {
  readonly kubeConfig: KubeConfig
  readonly signal: AbortSignal
}

test.concurrent.each(NEVER_ENDING.flatMap(([how, write]) => CALLS.map(([name, call]) => ({ how, write, name, call }))))(
  'the signal of $name ends it when each answer $how',
  BY_ITS_SIGNAL,
  async ({ write, call }) => {
    const abort = new AbortController()
    await using server = await serverThat((_, response) => {
      write(response)
      // By then the other requests of the call are on their way too.
      setTimeout(() => abort.abort(), 100)
    })
    const error = await errorOf(call({ kubeConfig: server.kubeConfig, signal: abort.signal }))
    expect(error).toMatchObject({ code: 'ABORTED' })
  },
)

test.concurrent(
  'a preflight that fails does not wait for its other answers, which never end',
  BY_ITS_SIGNAL,
  async () => {
    await using server = await serverThat((request, response) => {
      const isSecret = request.url?.includes('/secrets/') === true
      if (isSecret) response.writeHead(400).end('<html>no</html>')
      else response.write('{"kind":')
    })
    const error = await errorOf(preflight(spec, { kubeConfig: server.kubeConfig }))
    expect(error).toMatchObject({ code: 'API_UNREACHABLE' })
  },
)

test.concurrent(
  'a question about a right goes on for the other calls that share it, and ends with the last',
  BY_ITS_SIGNAL,
  async () => {
    const asked: ServerResponse[] = []
    const { promise: bothAsk, resolve: arrived } = Promise.withResolvers<void>()
    let dryRuns = 0
    await using server = await serverThat((request, response) => {
      if (request.url?.includes('selfsubjectaccessreviews') === true) asked.push(response)
      else if (request.url?.includes('dryRun') === true && ++dryRuns === 2) arrived()
      if (request.url?.includes('selfsubjectaccessreviews') !== true)
        response.end('{"metadata":{"name":"x"},"spec":{}}')
    })
    const client = createJobClient({ kubeConfig: server.kubeConfig })
    const [first, last] = [new AbortController(), new AbortController()]
    const leaves = errorOf(client.preflight(spec, { signal: first.signal }))
    const stays = client.preflight(spec, { signal: last.signal })
    await bothAsk
    first.abort()
    expect(await leaves).toMatchObject({ code: 'ABORTED' })
    expect(asked.every(({ destroyed }) => !destroyed)).toBe(true)
    last.abort()
    expect(await errorOf(stays)).toMatchObject({ code: 'ABORTED' })
    // Nothing is under way any more, or this would wait for it.
    await client.close()
    expect(asked.length).toBeGreaterThan(0)
  },
)

test.concurrent('credentials that never come do not hold a call beyond its signal', BY_ITS_SIGNAL, async () => {
  const abort = new AbortController()
  const kubeConfig = {
    getCurrentContext: () => 'x',
    getContextObject: () => null,
    getCurrentCluster: () => ({ server: 'http://127.0.0.1:1' }),
    applySecurityAuthentication: () => {
      setImmediate(() => abort.abort())
      return new Promise<void>(() => undefined)
    },
  }
  const error = await errorOf(waitForJob('work', { kubeConfig: kubeConfig as never, signal: abort.signal }))
  expect(error).toMatchObject({ code: 'ABORTED' })
})

const WRONG = [
  ['an empty object', '{}'],
  ['null', 'null'],
  ['an array', '[]'],
  ['a number', '7'],
  ['nothing', ''],
  ['a page', '<html><body>Sign in to the network</body></html>'],
  ['a Status', '{"kind":"Status","status":"Success","details":7}'],
  ['a list of nothing good', '{"metadata":{"resourceVersion":"1"},"items":[null,{"metadata":null}]}'],
  [
    'an object with a strange inside',
    '{"metadata":{"name":"work","uid":"u","resourceVersion":"1","annotations":7},"spec":[],"status":7}',
  ],
] as const

test.concurrent.each(WRONG)('a server that answers %s is said not to be Kubernetes', async (_, body) => {
  await using server = await serverThat((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(body)
  })
  const { kubeConfig } = server
  const error = await errorOf(waitForJob('work', { kubeConfig, unreachableMs: 1000 }))
  expect(error).toMatchObject({
    code: 'API_UNREACHABLE',
    message: expect.stringMatching(/answers, but not as Kubernetes does/),
  })
})

test.concurrent('a create that is answered by a page is not taken for a Job', async () => {
  await using server = await serverThat((_, response) => void response.end(`<html>${'x'.repeat(1000)}</html>`))
  for (const call of [submitJob, preflight]) {
    const error = await errorOf(call(spec, { kubeConfig: server.kubeConfig }))
    expect(error).toMatchObject({ code: 'API_UNREACHABLE' })
    expect(error.message).toMatch(/<html>x{194}$/)
  }
})

test.concurrent.each([
  { status: 404, body: '<html>no such page</html>' },
  { status: 302, body: 'moved' },
  { status: 403, body: '<html>proxy says no</html>' },
])('a proxy that answers $status with a page is not taken for Kubernetes', async ({ status, body }) => {
  await using server = await serverThat((_, response) => void response.writeHead(status).end(body))
  const error = await errorOf(waitForJob('work', { kubeConfig: server.kubeConfig, unreachableMs: 1000 }))
  expect(error).toMatchObject({ code: 'API_UNREACHABLE', message: expect.stringContaining('not as Kubernetes does') })
})

test.concurrent.each([400, 403, 422, 500])(
  'the credentials that a server echoes in an answer of %i are in no text of the error',
  async (status) => {
    await using server = await serverThat((request, response) => {
      const { authorization = '' } = request.headers
      const token = authorization.replace('Bearer ', '')
      const forms = [
        authorization,
        encodeURIComponent(token),
        Buffer.from(token).toString('base64'),
        JSON.stringify(token),
      ]
      const message = `bad request with ${forms.join(' and ')}`
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Invalid', message, code: status }))
    })
    const error = await errorOf(waitForJob('work', { kubeConfig: server.kubeConfig, unreachableMs: 1000 }))
    expect(error.message).toContain('***')
    const all = inspect(error, { depth: 10, showHidden: true })
    for (const form of [TOKEN, encodeURIComponent(TOKEN), Buffer.from(TOKEN).toString('base64')]) {
      expect(all).not.toContain(form)
    }
  },
)

test.concurrent('a webhook that says "cannot" is no missing right, and its words are shown', async () => {
  await using server = await serverThat((_, response) => {
    const message = 'admission webhook "policy" denied the request: Jobs cannot run images of that registry'
    response.writeHead(403, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Forbidden', message, code: 403 }))
  })
  const error = await errorOf(submitJob(spec, { kubeConfig: server.kubeConfig }))
  expect(error).toMatchObject({ code: 'JOB_REJECTED', message: expect.stringContaining('cannot run images') })
  expect(error.hint).not.toContain('Role')
})

test.concurrent('logs of a server that writes without an end, and without a line, end with a documented code', async () => {
  const metadata = { name: 'work-0', namespace: 'default', uid: 'u', resourceVersion: '1' }
  const status = { phase: 'Running', containerStatuses: [{ name: 'worker', restartCount: 0, state: { running: {} } }] }
  await using server = await serverThat((request, response) => {
    if (request.url?.includes('/log') === true) flood(response)
    else response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [{ metadata, spec: {}, status }] }))
  })
  const api = await KubeApi.load(server.kubeConfig)
  const job = { metadata: { name: 'work', namespace: 'default', uid: 'u', resourceVersion: '1' } }
  const handle = createJobHandle(api, job as never)
  const error = await errorOf(Array.fromAsync(handle.logs({ follow: false })))
  expect(error).toMatchObject({ code: 'API_UNREACHABLE' })
})
