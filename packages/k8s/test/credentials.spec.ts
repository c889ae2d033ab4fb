import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { proxyFor } from '../src/access/proxy.ts'
import { submitJob, waitForJob } from '../src/index.ts'
import { type LocalCluster, startLocalCluster } from '../src/local.ts'

let cluster: LocalCluster
let folder: string
beforeAll(async () => {
  cluster = await startLocalCluster({ backoffScale: 0.01 })
})
afterAll(() => cluster.close())
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

/** Writes a kubeconfig of its own folder, and makes it the one that calls find. */
async function useKubeConfig(
  user: object,
  given: { readonly server?: string; readonly caData?: string; readonly extra?: object; readonly before?: string } = {},
): Promise<void> {
  const here = cluster.kubeConfig.getCurrentCluster()
  const { server = here?.server, extra = {}, before = '' } = given
  const file = join(folder, 'config')
  const certificate = server?.startsWith('https:') ? { 'certificate-authority-data': here?.caData } : {}
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'work',
      clusters: [{ name: 'here', cluster: { server, ...certificate, ...extra } }],
      users: [{ name: 'me', user }],
      contexts: [{ name: 'work', context: { cluster: 'here', user: 'me' } }],
    }),
  )
  vi.stubEnv('KUBECONFIG', [before, file].filter((path) => path !== '').join(delimiter))
}

async function newFolder(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'podqueue-credentials-'))
}

/** A login plugin in the folder `bin` beside the kubeconfig: a shell script. */
async function plugin(script: string): Promise<void> {
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin', 'login'), `#!/bin/sh\n${script}\n`)
  await chmod(join(folder, 'bin', 'login'), 0o755)
}

const exec = (more: object = {}) => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    interactiveMode: 'IfAvailable',
    command: './bin/login',
    ...more,
  },
})

const credential = (token: string): string =>
  JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } })

/** The error of a call that needs the cluster; there is no such Job. */
const errorOfWait = (): Promise<unknown> =>
  waitForJob('nothing', { unreachableMs: 5000 }).catch((error: unknown) => error)

test('a login plugin runs again after a 401, is found beside the kubeconfig, and is told of the cluster', async () => {
  await newFolder()
  const token = cluster.kubeConfig.getCurrentUser()?.token ?? ''
  await plugin(
    `echo run >> "${folder}/runs"; echo "$KUBERNETES_EXEC_INFO" > "${folder}/info"
    if [ "$(wc -l < "${folder}/runs")" = 1 ]; then echo '${credential('outdated')}'; else echo '${credential(token)}'; fi`,
  )
  await useKubeConfig(exec({ provideClusterInfo: true }))
  expect(await errorOfWait()).toMatchObject({ code: 'JOB_NOT_FOUND' })
  expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('run\nrun\n')
  expect(JSON.parse(await readFile(join(folder, 'info'), 'utf8'))).toEqual({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      cluster: {
        server: cluster.kubeConfig.getCurrentCluster()?.server,
        'certificate-authority-data': cluster.kubeConfig.getCurrentCluster()?.caData,
      },
    },
  })
})

test('a token that is revoked in the middle of a wait is replaced by the plugin, and the wait goes on', async () => {
  await newFolder()
  const watches = { verb: 'watch', resource: 'jobs' } as const
  await using revoking = await startLocalCluster({ faults: [{ match: watches, do: { status: 401 } }] })
  const here = revoking.kubeConfig.getCurrentCluster()
  const token = revoking.kubeConfig.getCurrentUser()?.token ?? ''
  await plugin(`echo run >> "${folder}/runs"; echo '${credential(token)}'`)
  await useKubeConfig(exec(), { server: here?.server ?? '', extra: { 'certificate-authority-data': here?.caData } })
  const handle = await submitJob({
    name: 'work',
    image: 'any',
    command: ['true'],
    items: 1,
    queue: { name: 'job1', podUrl: 'amqp://127.0.0.1' },
  })
  await expect(handle.wait()).resolves.toMatchObject({ succeeded: 1 })
  expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('run\nrun\n')
})

test.each([
  { what: 'fails', script: 'echo "token geheim" >&2; echo geheim; exit 3', message: /failed with exit code 3/ },
  { what: 'prints no JSON', script: 'echo geheim', message: /printed no JSON/ },
  { what: 'prints something else', script: `echo '{"kind":"Secret","token":"geheim"}'`, message: /no ExecCredential/ },
  {
    what: 'has no token',
    script: `echo '${credential('').replace('"token":""', '"note":"geheim"')}'`,
    message: /without a token/,
  },
])('a login plugin that $what is named, and nothing that it prints is shown', async ({ script, message }) => {
  await newFolder()
  await plugin(script)
  await useKubeConfig(exec({ installHint: 'Install it with `login install`.' }))
  const error = await errorOfWait()
  expect(error).toMatchObject({
    code: 'KUBECONFIG_INVALID',
    message: expect.stringMatching(message),
    hint: expect.stringContaining('login install'),
  })
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('geheim')
})

test('tokenFile is read, relative to the kubeconfig, and comes before token', async () => {
  await newFolder()
  await writeFile(join(folder, 'token'), `${cluster.kubeConfig.getCurrentUser()?.token}\n`)
  await useKubeConfig({ tokenFile: 'token', token: 'outdated' })
  expect(await errorOfWait()).toMatchObject({ code: 'JOB_NOT_FOUND' })
})

test('a file of KUBECONFIG that is empty, or holds only comments, is a kubeconfig without entries', async () => {
  await newFolder()
  await writeFile(join(folder, 'empty'), '')
  await writeFile(join(folder, 'comments'), '# later\n\n')
  const before = [join(folder, 'empty'), join(folder, 'comments')].join(delimiter)
  await useKubeConfig({ token: cluster.kubeConfig.getCurrentUser()?.token }, { before })
  expect(await errorOfWait()).toMatchObject({ code: 'JOB_NOT_FOUND' })
})

test('a server without TLS is asked, as the user, groups and extras that the kubeconfig impersonates', async () => {
  await newFolder()
  const asked: { url: string | undefined; headers: NodeJS.Dict<string[]> }[] = []
  const server = createServer((request, response) => {
    asked.push({ url: request.url, headers: request.headersDistinct })
    response.setHeader('content-type', 'application/json')
    response.end('{"metadata":{"resourceVersion":"1"},"items":[]}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await useKubeConfig(
      {
        token: 'mine',
        as: 'jane',
        'as-groups': ['dev', 'ops'],
        'as-uid': 'u1',
        'as-user-extra': { 'example.com/Scopes': ['view', 'edit'] },
      },
      { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    )
    expect(await errorOfWait()).toMatchObject({ code: 'JOB_NOT_FOUND' })
  } finally {
    server.close()
  }
  expect(asked[0]?.headers).toMatchObject({
    authorization: ['Bearer mine'],
    'impersonate-user': ['jane'],
    'impersonate-group': ['dev', 'ops'],
    'impersonate-uid': ['u1'],
    'impersonate-extra-example.com%2fscopes': ['view', 'edit'],
  })
})

test('HTTPS_PROXY is the way to the server, unless NO_PROXY has it', async () => {
  await newFolder()
  const target = new URL(cluster.kubeConfig.getCurrentCluster()?.server ?? '')
  const tunnels: [string | undefined, IncomingHttpHeaders['proxy-authorization']][] = []
  const proxy = createServer().listen(0, '127.0.0.1')
  proxy.on('connect', (request, client) => {
    tunnels.push([request.url, request.headers['proxy-authorization']])
    const upstream = connect(Number(target.port), target.hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      upstream.pipe(client)
      client.pipe(upstream)
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  await once(proxy, 'listening')
  try {
    await useKubeConfig(
      { token: cluster.kubeConfig.getCurrentUser()?.token },
      { server: 'https://kubernetes.invalid:6443', extra: { 'tls-server-name': 'localhost' } },
    )
    vi.stubEnv('HTTPS_PROXY', `http://user:geheim@127.0.0.1:${(proxy.address() as AddressInfo).port}`)
    expect(await errorOfWait()).toMatchObject({ code: 'JOB_NOT_FOUND' })
    expect(tunnels[0]).toEqual(['kubernetes.invalid:6443', `Basic ${Buffer.from('user:geheim').toString('base64')}`])
    vi.stubEnv('NO_PROXY', '.invalid')
    const error = await errorOfWait()
    expect(error).toMatchObject({ code: 'API_UNREACHABLE' })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('geheim')
  } finally {
    proxy.close()
  }
})

test.each([
  { server: 'https://k8s.example.com', NO_PROXY: '', proxied: true },
  { server: 'https://k8s.example.com', NO_PROXY: '*', proxied: false },
  { server: 'https://k8s.example.com', NO_PROXY: 'other.com, example.com', proxied: false },
  { server: 'https://k8s.example.com', NO_PROXY: '.example.com', proxied: false },
  { server: 'https://example.com', NO_PROXY: '.example.com', proxied: true },
  { server: 'https://k8s.example.com', NO_PROXY: '*.example.com', proxied: false },
  { server: 'https://notexample.com', NO_PROXY: 'example.com', proxied: true },
  { server: 'https://k8s.example.com:6443', NO_PROXY: 'example.com:443', proxied: true },
  { server: 'https://k8s.example.com:6443', NO_PROXY: 'example.com:6443', proxied: false },
  { server: 'https://10.96.0.1', NO_PROXY: '10.0.0.0/8', proxied: false },
  { server: 'https://11.96.0.1', NO_PROXY: '10.0.0.0/8', proxied: true },
  { server: 'https://[fd00::1]:6443', NO_PROXY: 'fd00::/8', proxied: false },
  { server: 'https://10.96.0.1', NO_PROXY: '10.96.0.1', proxied: false },
  { server: 'https://10.96.0.1', NO_PROXY: '10.96.0.1/99', proxied: true },
  { server: 'https://127.0.0.1:6443', NO_PROXY: '', proxied: false },
  { server: 'https://localhost:6443', NO_PROXY: '', proxied: false },
  { server: 'http://k8s.example.com', NO_PROXY: '', proxied: false },
])(
  'for $server with NO_PROXY=$NO_PROXY the proxy of HTTPS_PROXY is taken: $proxied',
  ({ server, NO_PROXY, proxied }) => {
    const env = { HTTPS_PROXY: 'proxy.example.org:3128', NO_PROXY }
    expect(proxyFor(new URL(server), env)).toBe(proxied ? 'http://proxy.example.org:3128' : undefined)
  },
)
