import { expect } from 'vitest'
import { shell } from '../contract-cluster.ts'
import { stateOf } from '../job-under-test.ts'
import type { Behaviours } from './behaviours.ts'

const secretKey = (name: string, key: string, more: object = {}) => ({ secretKeyRef: { name, key, ...more } })
const configKey = (name: string, key: string, more: object = {}) => ({ configMapKeyRef: { name, key, ...more } })

export const environment: Behaviours = {
  'has literals, and $(VAR) of what stands before; $$(VAR) and unknown names stay': async (cluster) => {
    const env = [
      { name: 'LATER', value: '$(PLAIN)' },
      { name: 'PLAIN', value: 'plain' },
      { name: 'BOTH', value: '<$(PLAIN) $$(PLAIN) $(UNKNOWN)>' },
    ]
    const job = await cluster.createJob('env', {}, shell('printenv LATER PLAIN BOTH', { env }))
    expect(await job.output()).toBe('$(PLAIN)\nplain\n<plain $(PLAIN) $(UNKNOWN)>\n')
  },

  'fills $(VAR) into command and args': async (cluster) => {
    const env = [{ name: 'WORD', value: 'hello' }]
    const container = { env, command: ['echo', '$(WORD)'], args: ['$$(WORD)', '$(NONE)', '$$'] }
    const job = await cluster.createJob('expanded', {}, shell('', container))
    expect(await job.output()).toBe('hello $(WORD) $(NONE) $\n')
  },

  'takes keys of Secrets and ConfigMaps': async (cluster) => {
    await cluster.create('secrets', { metadata: { name: 'keys' }, stringData: { url: 'amqp://broker' } })
    await cluster.create('configmaps', { metadata: { name: 'settings' }, data: { color: 'blue' } })
    const env = [
      { name: 'URL', valueFrom: secretKey('keys', 'url') },
      { name: 'COLOR', valueFrom: configKey('settings', 'color') },
    ]
    const job = await cluster.createJob('keys', {}, shell('echo $URL $COLOR', { env }))
    expect(await job.output()).toBe('amqp://broker blue\n')
  },

  'takes all keys by envFrom, with a prefix, and its own variables win': async (cluster) => {
    await cluster.create('secrets', { metadata: { name: 'all-keys' }, stringData: { A: 'secret a', B: 'secret b' } })
    await cluster.create('configmaps', { metadata: { name: 'all-settings' }, data: { B: 'config b' } })
    const envFrom = [{ prefix: 'S_', secretRef: { name: 'all-keys' } }, { configMapRef: { name: 'all-settings' } }]
    const env = [{ name: 'S_B', value: 'own' }]
    const job = await cluster.createJob('env-from', {}, shell('printenv S_A S_B B', { env, envFrom }))
    expect(await job.output()).toBe('secret a\nown\nconfig b\n')
  },

  'leaves an optional key out that is not there': async (cluster) => {
    await cluster.create('secrets', { metadata: { name: 'some' }, stringData: { a: 'b' } })
    const env = [
      { name: 'NO_KEY', valueFrom: secretKey('some', 'none', { optional: true }) },
      { name: 'NO_MAP', valueFrom: configKey('none', 'none', { optional: true }) },
    ]
    const envFrom = [{ secretRef: { name: 'none', optional: true } }]
    const job = await cluster.createJob(
      'optional',
      {},
      shell('printenv NO_KEY || printenv NO_MAP || echo none', { env, envFrom }),
    )
    expect(await job.output()).toBe('none\n')
  },

  'waits for a Secret in CreateContainerConfigError, and starts when it is there': async (cluster) => {
    const env = [{ name: 'LATE', valueFrom: secretKey('late', 'word') }]
    const job = await cluster.createJob('late-secret', {}, shell('echo $LATE', { env }))
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'CreateContainerConfigError')
    expect(stateOf(pod).waiting?.message).toBe('secret "late" not found')
    expect(pod.status.phase).toBe('Pending')
    await cluster.create('secrets', { metadata: { name: 'late' }, stringData: { word: 'at last' } })
    expect(await job.output()).toBe('at last\n')
  },

  'names a ConfigMap that is missing, by an event too': async (cluster) => {
    const env = [{ name: 'NONE', valueFrom: configKey('no-such-map', 'word') }]
    const job = await cluster.createJob('no-map', {}, shell('true', { env }))
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'CreateContainerConfigError')
    expect(stateOf(pod).waiting?.message).toBe('configmap "no-such-map" not found')
    const events = await job.events((all) => all.some(({ reason }) => reason === 'Failed'), pod)
    expect(events.find(({ reason }) => reason === 'Failed')).toMatchObject({
      type: 'Warning',
      message: 'Error: configmap "no-such-map" not found',
    })
  },

  'names a key that is missing, and where': async (cluster) => {
    await cluster.create('secrets', { metadata: { name: 'half' }, stringData: { a: 'b' } })
    const env = [{ name: 'NONE', valueFrom: secretKey('half', 'other') }]
    const job = await cluster.createJob('no-key', {}, shell('true', { env }))
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'CreateContainerConfigError')
    expect(stateOf(pod).waiting?.message).toBe(`couldn't find key other in Secret ${cluster.namespace}/half`)
  },

  'knows its pod by fieldRef': async (cluster) => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
    const env = [
      field('NAME', 'metadata.name'),
      field('NAMESPACE', 'metadata.namespace'),
      field('UID_OF_POD', 'metadata.uid'),
      field('LABEL', "metadata.labels['batch.kubernetes.io/job-name']"),
      field('NODE', 'spec.nodeName'),
    ]
    const script = 'echo "$NAME $NAMESPACE $UID_OF_POD $LABEL $NODE"'
    const job = await cluster.createJob('fields', {}, shell(script, { env }))
    const said = await job.output()
    const [pod] = await job.pods()
    const { name, namespace, uid } = pod?.metadata ?? {}
    expect(said).toBe(`${name} ${namespace} ${uid} fields ${pod?.spec.nodeName}\n`)
  },

  "has the pod's name as its HOSTNAME": async (cluster) => {
    const job = await cluster.createJob('host', {}, shell('echo $HOSTNAME'))
    const said = await job.output()
    expect(said).toBe(`${(await job.pods())[0]?.metadata.name}\n`)
  },

  'takes a value of many lines as it is': async (cluster) => {
    const value = 'one\n two "three"\n\'four\' $FIVE é\n'
    const job = await cluster.createJob('lines', {}, shell('printf %s "$TEXT"', { env: [{ name: 'TEXT', value }] }))
    expect(await job.output()).toBe(value)
  },
}
