import { afterAll, beforeAll, expect, it } from 'vitest'
import { JOBS, PODS, SECRETS, shell, TestCluster } from './api-client.ts'

let cluster: TestCluster
let pod: string
beforeAll(async () => {
  cluster = await TestCluster.start()
  await cluster.createJob('target', { suspend: true }, { command: ['true'] })
  await cluster.call('POST', SECRETS, { metadata: { name: 'target' } })
  await cluster.createJob('runs', {}, { command: shell('exec sleep 600') })
  pod = (await cluster.podThat('runs', ({ status }) => status.phase === 'Running')).metadata.name
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** Bodies of every shape that is wrong somewhere. */
const BODIES: readonly unknown[] = [
  undefined,
  '',
  '{',
  '[',
  'null',
  '"text"',
  '1e999',
  '[]',
  '[null]',
  '[1]',
  '{"metadata":null}',
  '{"metadata":"a"}',
  '{"metadata":{"name":1}}',
  '{"metadata":{"name":"b","labels":[]}}',
  '{"metadata":{"name":"b","labels":{"a":1}}}',
  '{"metadata":{"name":"b","ownerReferences":[null]}}',
  '{"metadata":{"name":"b","finalizers":[1]}}',
  '{"metadata":{"name":"target"},"spec":null}',
  '{"metadata":{"name":"target"},"spec":[]}',
  '{"metadata":{"name":"target"},"spec":{"template":null}}',
  '{"metadata":{"name":"c"},"spec":{"template":{"spec":{"containers":[null]}}}}',
  '{"metadata":{"name":"c"},"spec":{"template":{"spec":{"containers":{}}}}}',
  '{"metadata":{"name":"c"},"spec":{"template":{"spec":{"containers":[{"env":[null]}]}}}}',
  '{"metadata":{"name":"c"},"spec":{"podFailurePolicy":{}}}',
  '{"metadata":{"name":"c"},"spec":{"podFailurePolicy":{"rules":[{}]}}}',
  '{"metadata":{"name":"c"},"spec":{"podFailurePolicy":{"rules":[null]}}}',
  '{"metadata":{"name":"c"},"spec":{"successPolicy":{"rules":[null]}}}',
  '{"metadata":{"name":"c"},"spec":{"successPolicy":{}}}',
  '{"metadata":{"name":"d"},"data":{"a":1}}',
  '{"metadata":{"name":"d"},"data":{"a":null}}',
  '{"metadata":{"name":"d"},"data":[]}',
  '{"metadata":{"name":"d"},"stringData":{"a":[]}}',
  '{"status":null}',
  '{"status":"done"}',
  '{"status":{"conditions":[null]}}',
  '{"status":{"conditions":{}}}',
  '{"status":{"containerStatuses":[{}]}}',
  '{"dryRun":"All"}',
  '{"preconditions":"x"}',
  '{"gracePeriodSeconds":"x"}',
  '{"deleteOptions":"x"}',
  '{"spec":"x"}',
  '[{"op":"add"}]',
  '[{"op":1,"path":"/a"}]',
  '[{"op":"add","path":1}]',
  '[{"op":"add","path":"/metadata/labels/a/b/c","value":1}]',
  '[{"op":"move","path":"/a","from":"/none"}]',
  '[{"op":"copy","path":"/spec","from":""}]',
  '[{"op":"remove","path":""}]',
  '[{"op":"replace","path":"","value":null}]',
  '[{"op":"add","path":"/__proto__/x","value":1}]',
  '{"__proto__":{"x":1}}',
  '{"metadata":{"$patch":"replace"}}',
  '{"spec":{"template":{"spec":{"containers":[{"$patch":"delete"}]}}}}',
  '{"$retainKeys":1,"$setElementOrder/a":1,"$deleteFromPrimitiveList/a":1}',
  `${'{"metadata":'.repeat(2000)}1${'}'.repeat(2000)}`,
]

const QUERIES = [
  '',
  '?limit=x',
  '?limit=-1',
  '?continue=x',
  '?resourceVersion=x',
  '?resourceVersion=99999999999',
  '?fieldSelector=%3D',
  '?labelSelector=a%20in%20(',
  '?labelSelector=%2C%2C',
  '?fieldSelector=metadata.name',
  '?dryRun=x',
  '?fieldValidation=x',
  '?propagationPolicy=x',
  '?gracePeriodSeconds=x',
  '?timeoutSeconds=x&watch=1&resourceVersion=99999999999',
  '?tailLines=x&sinceTime=x&sinceSeconds=x&limitBytes=x',
]

it('whatever is sent, the answer is never an internal error', { timeout: 360_000 }, async () => {
  const paths = [
    JOBS,
    PODS,
    SECRETS,
    `${JOBS}/target`,
    `${JOBS}/target/status`,
    `${PODS}/${pod}`,
    `${PODS}/${pod}/status`,
    `${PODS}/${pod}/log`,
    `${PODS}/${pod}/eviction`,
    `${PODS}/${pod}/exec`,
    `${SECRETS}/target`,
    '/api/v1/nodes/local',
    '/api/v1/namespaces/default',
    '/api/v1/namespaces/default/events',
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    '/%zz',
    '//',
    '/api/v1/namespaces/%2e%2e/pods',
    '/apis/batch/v1/namespaces/default/jobs/%zz',
    '/apis/%00/v1',
  ]
  const patches = ['json-patch', 'merge-patch', 'strategic-merge-patch']
  const asked: (readonly [string, string, unknown, Record<string, string>])[] = []
  for (const path of paths) {
    for (const query of QUERIES) asked.push(['GET', path + query, undefined, { accept: 'application/json;as=Table' }])
    for (const body of BODIES) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        // The objects are to stay: what is not read as options is a dry run.
        const query = method === 'DELETE' ? '?dryRun=All' : ''
        asked.push([method, path + query, body, {}])
      }
      for (const patch of patches) asked.push(['PATCH', path, body, { 'content-type': `application/${patch}+json` }])
      asked.push(['POST', path, body, { 'content-type': 'application/vnd.kubernetes.protobuf' }])
    }
  }
  const broken: string[] = []
  const ask = async (): Promise<void> => {
    for (let next = asked.pop(); next !== undefined; next = asked.pop()) {
      const [method, path, body, headers] = next
      const { status, body: answer } = await cluster.call(method, path, body, headers)
      if (status === 500) broken.push(`${method} ${path} ${headers['content-type'] ?? ''} ${body}: ${answer.message}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, ask))
  expect(broken).toEqual([])
  // It is as before for everybody else.
  expect((await cluster.call('GET', `${JOBS}/target`, undefined, { accept: 'application/json;as=Table' })).status).toBe(
    200,
  )
  expect((await cluster.call('GET', PODS, undefined, { accept: 'application/json;as=Table' })).status).toBe(200)
})
