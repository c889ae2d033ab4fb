import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { preflight, waitForJob } from '../src/index.ts'
import { type LocalCluster, startLocalCluster } from '../src/local.ts'

let folder: string
let cluster: LocalCluster
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podqueue-kubeconfig-'))
  cluster = await startLocalCluster()
})
afterAll(async () => {
  await cluster.close()
  await rm(folder, { recursive: true })
})
afterEach(() => void vi.unstubAllEnvs())

async function write(path: string, config: object | string): Promise<string> {
  const file = join(folder, path)
  await mkdir(join(file, '..'), { recursive: true })
  const text = typeof config === 'string' ? config : JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config })
  await writeFile(file, text)
  return file
}

/** The error of a call that needs the cluster; there is no such Job. */
const errorOfWait = (): Promise<unknown> => waitForJob('nothing').catch((error: unknown) => error)

test('several files of KUBECONFIG are joined: of two entries with a name the first counts, and files that are missing are passed over', async () => {
  const real = cluster.kubeConfig
  const server = real.getCurrentCluster()?.server
  const nowhere = { server: 'https://127.0.0.1:1' }
  const context = (namespace: string) => ({ cluster: 'here', user: 'me', namespace })
  // Paths in a file are relative to it.
  await write('first/ca.pem', Buffer.from(real.getCurrentCluster()?.caData ?? '', 'base64').toString())
  const first = await write('first/config', {
    'current-context': 'work',
    clusters: [
      { name: 'here', cluster: { server, 'certificate-authority': 'ca.pem' } },
      { name: 'other', cluster: nowhere },
    ],
  })
  const second = await write('second.yaml', {
    'current-context': 'play',
    clusters: [{ name: 'here', cluster: nowhere }],
    users: [{ name: 'me', user: { token: real.getCurrentUser()?.token } }],
    contexts: [
      { name: 'work', context: context('team-a') },
      { name: 'play', context: { cluster: 'other', user: 'me' } },
    ],
  })
  const third = await write('third.yaml', {
    users: [{ name: 'me', user: { token: 'wrong' } }],
    contexts: [{ name: 'work', context: context('team-b') }],
  })
  vi.stubEnv('KUBECONFIG', [join(folder, 'missing'), first, second, '', third].join(delimiter))
  // The context of the first file, with the namespace and the token of the second, on the server of the first.
  expect(await errorOfWait()).toMatchObject({
    code: 'JOB_NOT_FOUND',
    message: expect.stringContaining('team-a/nothing'),
  })
  vi.stubEnv('KUBECONFIG', [third, first, second].join(delimiter))
  expect(await errorOfWait()).toMatchObject({ code: 'UNAUTHORIZED', hint: expect.stringContaining('kubectl auth') })
})

test('no kubeconfig is an error that lists what was tried, not a request to localhost:8080', async () => {
  vi.stubEnv('KUBECONFIG', '')
  vi.stubEnv('HOME', folder)
  expect(await errorOfWait()).toMatchObject({
    code: 'KUBECONFIG_MISSING',
    message: expect.stringContaining(join(folder, '.kube', 'config')),
    hint: expect.stringContaining('KUBECONFIG'),
  })
  vi.stubEnv('KUBECONFIG', [join(folder, 'one'), join(folder, 'two')].join(delimiter))
  expect(await errorOfWait()).toMatchObject({
    code: 'KUBECONFIG_MISSING',
    message: expect.stringContaining(join(folder, 'two')),
  })
})

test.each([
  { what: 'is not YAML', config: 'users:\n- name: me\n  user: {token: geheim\n', message: /cannot be read/ },
  {
    what: 'has no current context',
    config: { users: [{ name: 'me', user: { token: 'geheim' } }] },
    message: /none is set/,
  },
  {
    what: 'names a context that it has not',
    config: { 'current-context': 'gone', users: [{ name: 'me', user: { token: 'geheim' } }] },
    message: /gone.* leads to no server/,
  },
  {
    what: 'has a login plugin that fails',
    config: {
      'current-context': 'work',
      clusters: [{ name: 'here', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [
        {
          name: 'me',
          user: {
            exec: {
              apiVersion: 'client.authentication.k8s.io/v1',
              interactiveMode: 'Never',
              command: '/no/such/plugin',
              env: [{ name: 'SECRET', value: 'geheim' }],
            },
          },
        },
      ],
      contexts: [{ name: 'work', context: { cluster: 'here', user: 'me' } }],
    },
    message: /\/no\/such\/plugin/,
  },
])('a kubeconfig that $what is said to be that, without what is secret in it', async ({ what, config, message }) => {
  vi.stubEnv('KUBECONFIG', await write(`${what.replace(/\W/g, '-')}.yaml`, config))
  const error = await errorOfWait()
  expect(error).toMatchObject({ code: 'KUBECONFIG_INVALID', message: expect.stringMatching(message) })
  expect((error as { hint: string }).hint).toContain('kubectl')
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('geheim')
})

test('a server whose certificate is not trusted is said to be that', async () => {
  const kubeconfig = await write('untrusted.yaml', {
    'current-context': 'work',
    clusters: [{ name: 'here', cluster: { server: cluster.kubeConfig.getCurrentCluster()?.server } }],
    users: [{ name: 'me', user: { token: 'geheim' } }],
    contexts: [{ name: 'work', context: { cluster: 'here', user: 'me' } }],
  })
  vi.stubEnv('KUBECONFIG', kubeconfig)
  expect(await errorOfWait()).toMatchObject({
    code: 'KUBECONFIG_INVALID',
    hint: expect.stringContaining('certificate-authority-data'),
  })
})

test('credentials that are not accepted are said to be that, once, not by each request', async () => {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const kubeConfig = new KubeConfig()
  const server = cluster.kubeConfig.getCurrentCluster()
  if (server === null) throw new Error('the local cluster has no server')
  kubeConfig.loadFromClusterAndUser(server, { name: 'me', token: 'geheim' })
  const spec = {
    name: 'work',
    image: 'any',
    items: 1,
    queue: { name: 'job1', podUrl: 'amqp://user:password@rabbitmq-service' },
  }
  const error = await preflight(spec, { kubeConfig }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', retryable: false })
  expect(inspect(error, { depth: 10 })).not.toContain('geheim')
})
