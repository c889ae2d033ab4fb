import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conditionOf, JOBS, PODS, SECRETS, shell, TestCluster } from './api-client.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.start()
})
afterAll(() => cluster[Symbol.asyncDispose]())

async function output(job: string): Promise<string> {
  const { status } = await cluster.finished(job)
  expect(conditionOf({ status }, 'Complete')).toBeDefined()
  const [pod] = await cluster.pods(job)
  return pod ? cluster.log(pod) : ''
}

const container = (extra: object) => ({ name: 'main', image: 'any', ...extra })

describe('the volumes of a pod', () => {
  it('are one directory for all of its containers: variables, words and workingDir that begin with a mountPath lead there', async () => {
    const volumeMounts = [{ name: 'scratch', mountPath: '/scratch' }]
    const env = [
      { name: 'OUT', value: '/scratch/out' },
      { name: 'ALSO', value: '$(OUT).copy' },
      { name: 'OTHER', value: '/scratches' },
    ]
    await cluster.createJob(
      'scratch',
      { backoffLimit: 0 },
      {
        volumes: [{ name: 'scratch', emptyDir: {} }],
        initContainers: [container({ name: 'first', volumeMounts, env, command: shell('echo made >"$OUT"') })],
        containers: [
          container({
            volumeMounts: [...volumeMounts, { name: 'scratch', mountPath: '/in/parts/', subPath: 'parts' }],
            env,
            workingDir: '/scratch',
            command: ['sh', '-c', 'cat out "$1" "$OUT"; cp out "$ALSO"; ls; echo "$OTHER"; cd "$2"', 'sh'],
            args: ['$(OUT)', '/in/parts'],
          }),
        ],
      },
    )
    expect(await output('scratch')).toBe('made\nmade\nmade\nout\nout.copy\nparts\n/scratches\n')
  })

  it('are found by a script, a flag and a value of JSON that name a mountPath, and not by the names of other paths', async () => {
    const script = `echo made >/data/out; cat "/data/out" '/data/out'; cat </data/out; echo x:/data /data-2 /mnt/data $D/data /data`
    await cluster.createJob(
      'script',
      { backoffLimit: 0 },
      {
        volumes: [{ name: 'data', emptyDir: {} }],
        containers: [
          container({
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
            env: [{ name: 'SETTINGS', value: '{"out":"/data/settings"}' }],
            command: ['sh', '-c', `${script}; echo "$1 $SETTINGS"`, 'sh', '--out=/data/flag'],
          }),
        ],
      },
    )
    const lines = (await output('script')).trimEnd().split('\n')
    expect(lines.slice(0, 3)).toEqual(['made', 'made', 'made'])
    const path = lines[3]?.split(' ').at(-1)
    expect(path).toMatch(/\/volumes\/data$/)
    expect(lines.slice(3)).toEqual([
      `x:${path} /data-2 /mnt/data /data ${path}`,
      `--out=${path}/flag {"out":"${path}/settings"}`,
    ])
  })

  it('are directories of this machine with hostPath, made when their type asks for that', async () => {
    const path = `${dirname(cluster.cluster.kubeconfigPath)}/host/made`
    const spec = (type: string) => ({
      volumes: [{ name: 'host', hostPath: { path, type } }],
      containers: [
        container({
          volumeMounts: [{ name: 'host', mountPath: '/on-host' }],
          command: shell('echo made >>/on-host/file; cat /on-host/file'),
        }),
      ],
    })
    await cluster.createJob('host-missing', { backoffLimit: 0 }, spec('Directory'))
    const pod = await cluster.podThat('host-missing', ({ status }) => status.containerStatuses !== undefined)
    expect(await cluster.events(pod.metadata.name)).toContainEqual(
      expect.objectContaining({
        reason: 'FailedMount',
        message: `MountVolume.SetUp failed for volume "host" : hostPath type check failed: ${path} is not a directory`,
      }),
    )
    await cluster.createJob('host', { backoffLimit: 0 }, spec('DirectoryOrCreate'))
    expect(await output('host')).toBe('made\n')
    await cluster.createJob('host-again', { backoffLimit: 0 }, spec('Directory'))
    expect(await output('host-again')).toBe('made\nmade\n')
    expect(existsSync(`${path}/file`)).toBe(true)
  })

  it('hold the keys of Secrets and ConfigMaps as files, at the paths and with the modes that are asked for', async () => {
    await cluster.call('POST', SECRETS, { metadata: { name: 'tls' }, stringData: { key: 'private', crt: 'public' } })
    await cluster.call('POST', CONFIG_MAPS, { metadata: { name: 'settings' }, data: { 'a.conf': 'x = 1' } })
    await cluster.createJob(
      'files',
      { backoffLimit: 0 },
      {
        volumes: [
          { name: 'tls', secret: { secretName: 'tls', items: [{ key: 'key', path: 'deep/tls.key', mode: 0o400 }] } },
          { name: 'settings', configMap: { name: 'settings' } },
          { name: 'none', secret: { secretName: 'none', optional: true } },
        ],
        containers: [
          container({
            volumeMounts: [
              { name: 'tls', mountPath: '/tls' },
              { name: 'settings', mountPath: '/etc/settings' },
              { name: 'none', mountPath: '/none' },
            ],
            command: ['sh', '-c', 'cat "$1" "$2"; stat -c %a "$1" "$2"; ls "$3" "$4"', 'sh'],
            args: ['/tls/deep/tls.key', '/etc/settings/a.conf', '/tls', '/none'],
          }),
        ],
      },
    )
    expect(await output('files')).toMatch(/^privatex = 1400\n644\n\S+\/volumes\/none:\n\n\S+\/volumes\/tls:\ndeep\n$/)
  })

  it('go with the pod', async () => {
    await cluster.createJob(
      'gone',
      {},
      {
        volumes: [{ name: 'scratch', emptyDir: {} }],
        containers: [
          container({
            volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
            command: ['sh', '-c', 'touch "$0/file"; echo "$0"', '/scratch'],
          }),
        ],
      },
    )
    const path = (await output('gone')).trim()
    expect(path.startsWith(dirname(cluster.cluster.kubeconfigPath))).toBe(true)
    expect(existsSync(`${path}/file`)).toBe(true)
    const [pod] = await cluster.pods('gone')
    await cluster.call('DELETE', `${JOBS}/gone`, { propagationPolicy: 'Background' })
    for await (const { type } of cluster.watch(PODS, {
      fieldSelector: `metadata.name=${pod?.metadata.name}`,
      resourceVersion: '1',
    })) {
      if (type === 'DELETED') break
    }
    expect(existsSync(path)).toBe(false)
  })

  it.each([
    ['secret', { secret: { secretName: 'late-secret' } }, SECRETS, 'secret "late-secret" not found'],
    ['config-map', { configMap: { name: 'late-config-map' } }, CONFIG_MAPS, 'configmap "late-config-map" not found'],
  ])('keep the pod waiting while their %s is missing', async (kind, source, path, problem) => {
    const name = `late-${kind}`
    await cluster.createJob(
      name,
      { backoffLimit: 0 },
      {
        volumes: [{ name: 'v', ...source }],
        containers: [
          container({
            volumeMounts: [{ name: 'v', mountPath: '/v' }],
            command: ['cat', '/v/k'],
          }),
        ],
      },
    )
    const pod = await cluster.podThat(name, ({ status }) => status.containerStatuses !== undefined)
    expect(pod.status).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }],
    })
    expect(await cluster.events(pod.metadata.name)).toContainEqual(
      expect.objectContaining({
        type: 'Warning',
        reason: 'FailedMount',
        message: `MountVolume.SetUp failed for volume "v" : ${problem}`,
      }),
    )
    await cluster.call('POST', path, { metadata: { name }, data: { k: kind === 'secret' ? 'dGhlcmU=' : 'there' } })
    expect(await output(name)).toBe('there')
  })

  it('of any other kind are accepted, and an event says that they have no effect', async () => {
    await cluster.createJob(
      'nfs',
      {},
      {
        volumes: [{ name: 'h', nfs: { server: 'nfs.invalid', path: '/' } }],
        containers: [container({ command: ['true'], volumeMounts: [{ name: 'h', mountPath: '/h' }] })],
      },
    )
    await cluster.finished('nfs')
    const [pod] = await cluster.pods('nfs')
    const told = (await cluster.events(pod?.metadata.name ?? '')).filter(({ reason }) => reason === 'FieldsIgnored')
    expect(told).toHaveLength(1)
    expect(told[0]?.message).toMatch(/: volumes\.nfs$/)
  })

  it('cannot reach out of their directory', async () => {
    const secret = { secretName: 's', items: [{ key: 'k', path: '../../k' }] }
    const spec = {
      restartPolicy: 'Never',
      volumes: [{ name: 'v', secret }],
      containers: [container({ volumeMounts: [{ name: 'v', mountPath: '/v', subPath: '/etc' }] })],
    }
    const { status, body } = await cluster.call('POST', JOBS, {
      metadata: { name: 'out' },
      spec: { template: { spec } },
    })
    expect(status).toBe(422)
    expect(body.details.causes).toMatchObject([
      { field: 'spec.template.spec.volumes[0].secret.items[0].path', message: expect.stringContaining("'..'") },
      { field: 'spec.template.spec.containers[0].volumeMounts[0].subPath' },
    ])
    const key = await cluster.call('POST', SECRETS, { metadata: { name: 'out' }, stringData: { '../k': 'x' } })
    expect(key).toMatchObject({ status: 422, body: { details: { causes: [{ field: 'data[../k]' }] } } })
  })
})
