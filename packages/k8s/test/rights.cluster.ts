import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { preflight, runJob } from '../src/index.ts'
import { createNamespace, type TestNamespace } from './namespace.ts'
import { shellJob } from './shell-job.ts'

/** The rights of the README's Role: everything that a run uses, unless it is asked for more. */
const ROLE = [
  ...['create', 'get', 'list', 'watch', 'delete', 'patch'].map((verb) => ({ resource: 'jobs', verb })),
  { resource: 'secrets', verb: 'create' },
  { resource: 'pods', verb: 'list' },
  { resource: 'events', verb: 'list' },
  { resource: 'pods/log', verb: 'get' },
] as const

let namespace: TestNamespace
beforeAll(async () => {
  namespace = await createNamespace()
})
afterAll(() => namespace[Symbol.asyncDispose]())

/** A user who has all of the Role but one rule. */
function userWithout(missing: { resource: string; verb: string } | undefined, name: string): Promise<KubeConfig> {
  return userWith(
    ROLE.filter((rule) => rule !== missing).map(({ resource, verb }) => ruleOf(resource, verb)),
    name,
  )
}

function ruleOf(resource: string, verb: string, resourceNames?: string[]) {
  const apiGroups = [resource === 'jobs' ? 'batch' : '']
  return { apiGroups, resources: [resource], verbs: [verb], ...(resourceNames === undefined ? {} : { resourceNames }) }
}

/** A user of a Role with these rules. */
async function userWith(rules: ReturnType<typeof ruleOf>[], name: string): Promise<KubeConfig> {
  const { core, kubeConfig } = namespace
  const { RbacAuthorizationV1Api } = await import('@kubernetes/client-node')
  const rbac = kubeConfig.makeApiClient(RbacAuthorizationV1Api)
  const at = { namespace: namespace.name }
  await core.createNamespacedServiceAccount({ ...at, body: { metadata: { name } } })
  await rbac.createNamespacedRole({ ...at, body: { metadata: { name }, rules } })
  await rbac.createNamespacedRoleBinding({
    ...at,
    body: {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: namespace.name }],
    },
  })
  const { status } = await core.createNamespacedServiceAccountToken({
    ...at,
    name,
    body: { spec: { audiences: [], expirationSeconds: 600 } },
  })
  const config = new KubeConfig()
  config.loadFromString(kubeConfig.exportConfig())
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('the kubeconfig has no cluster')
  config.loadFromClusterAndUser(cluster, { name, token: status?.token ?? '' })
  return config
}

test.concurrent('the Role of the README is enough for a run', async () => {
  const kubeConfig = await userWithout(undefined, 'all')
  const work = shellJob({ name: 'all', namespace: namespace.name })
  expect(await preflight(work, { kubeConfig })).toMatchObject({
    problems: [],
    withoutDiagnostics: [],
    notChecked: [],
  })
  await expect(runJob(work, { kubeConfig })).resolves.toMatchObject({ succeeded: 1 })
})

test.concurrent('a Role that is limited to the name of the Job is enough for its run', async () => {
  const limited = ROLE.map(({ resource, verb }) =>
    ruleOf(resource, verb, resource === 'jobs' && verb !== 'create' ? ['limited'] : undefined),
  )
  const kubeConfig = await userWith(limited, 'limited')
  const work = shellJob({ name: 'limited', namespace: namespace.name })
  expect(await preflight(work, { kubeConfig })).toMatchObject({ problems: [], withoutDiagnostics: [] })
  await expect(runJob(work, { kubeConfig })).resolves.toMatchObject({ succeeded: 1 })
  const other = await preflight(shellJob({ name: 'other', namespace: namespace.name }), { kubeConfig })
  expect(other.problems.map(({ code }) => code)).toContain('FORBIDDEN')
})

const named = ROLE.map((rule) => ({ ...rule, rule }))
const needed = named.filter(({ resource }) => resource === 'jobs' || resource === 'secrets')
const optional = named.filter((one) => !needed.includes(one))

test.concurrent.each(needed)(
  'without the right to $verb $resource nothing is made, and the rule is named',
  async ({ resource, verb, rule }) => {
    const name = `no-${verb}-${resource}`
    const kubeConfig = await userWithout(rule, name)
    await expect(runJob(shellJob({ name, namespace: namespace.name }), { kubeConfig })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: `No right to ${verb} ${resource} in namespace ${namespace.name}.`,
      hint: expect.stringContaining(`resources: [${resource}], verbs: [${verb}]`),
      details: { role: expect.stringContaining('kind: Role') },
    })
    const { items } = await namespace.batch.listNamespacedJob({ namespace: namespace.name })
    expect(items.map(({ metadata }) => metadata?.name)).not.toContain(name)
  },
)

test.concurrent.each(optional)(
  'without the right to $verb $resource a run completes, and the preflight says what is missing',
  async ({ resource, verb, rule }) => {
    const name = `no-${verb}-${resource.replace('/', '-')}`
    const kubeConfig = await userWithout(rule, name)
    const work = shellJob({ name, namespace: namespace.name })
    expect(await preflight(work, { kubeConfig })).toMatchObject({
      problems: [],
      withoutDiagnostics: [`${verb} ${resource}`],
    })
    await expect(runJob(work, { kubeConfig })).resolves.toMatchObject({ succeeded: 1 })
  },
)

test.concurrent.each([
  { more: 'podLog', verbs: ['watch'], options: { on: { podLog: () => undefined } } },
  { more: 'forceDeleteLost', verbs: ['delete', 'patch'], options: { forceDeleteLost: true } },
])(
  'a run with $more needs more rights on pods: without them nothing is made, and the rules are named',
  async ({ more, verbs, options }) => {
    const name = `no-${more.toLowerCase()}`
    const kubeConfig = await userWithout(undefined, name)
    await expect(
      runJob(shellJob({ name, namespace: namespace.name }), { kubeConfig, ...options }),
    ).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: `No right to ${verbs.map((verb) => `${verb} pods`).join(', to ')} in namespace ${namespace.name}.`,
      details: { role: expect.stringContaining(`resources: [pods], verbs: [${verbs.join(', ')}]`) },
    })
  },
)

test.concurrent('without preflight each missing right is still named by the request that needs it', async () => {
  const kubeConfig = await userWithout(ROLE[6], 'no-secrets')
  await expect(
    runJob(shellJob({ name: 'no-secrets', namespace: namespace.name }), { kubeConfig, preflight: false }),
  ).rejects.toMatchObject({
    code: 'FORBIDDEN',
    details: { verb: 'create', resource: 'secrets' },
    hint: expect.stringContaining('kubectl auth can-i create secrets'),
  })
})
