import { randomBytes } from 'node:crypto'
import type { KubeConfig } from '@kubernetes/client-node'
import type { PodSpec } from '../../src/objects/objects.ts'
import { JobUnderTest } from './job-under-test.ts'
import { type Answer, KubeClient, type Place } from './kube-client.ts'

/** Says that it is ready and runs until it is told to end, and then ends well. */
export const UNTIL_TERM = 'trap "exit 0" TERM; sleep 600 & echo ready; wait'
/** Says that it is ready, and runs on when it is told to end. */
export const DEAF = 'trap "" TERM; sleep 600 & echo ready; wait; wait; wait'

/** A pod's spec with one container that runs a shell script: an image on one cluster, a process on the other. */
export function shell(script: string, container: object = {}, pod: object = {}): Partial<PodSpec> {
  return { restartPolicy: 'Never', containers: [{ ...main, command: ['sh', '-c', script], ...container }], ...pod }
}

const main = { name: 'main', image: 'debian:bookworm-slim', imagePullPolicy: 'IfNotPresent' as const }

/** A cluster, and a namespace on it for one run of the contract. */
export class ContractCluster implements AsyncDisposable, Place {
  readonly client: KubeClient
  readonly namespace: string

  readonly #server: AsyncDisposable | undefined

  private constructor(client: KubeClient, namespace: string, server?: AsyncDisposable) {
    this.client = client
    this.namespace = namespace
    this.#server = server
  }

  /** Makes the namespace. `server` is closed with the cluster. */
  static async open(kubeConfig: KubeConfig, server?: AsyncDisposable): Promise<ContractCluster> {
    const client = await KubeClient.connect(kubeConfig)
    const name = `podqueue-contract-${randomBytes(4).toString('hex')}`
    const { status, body } = await client.call('POST', '/api/v1/namespaces', { metadata: { name } })
    if (status !== 201) throw new Error(`no namespace: ${JSON.stringify(body)}`)
    return new ContractCluster(client, name, server)
  }

  /** The path of a list of the namespace, or of an object in it. */
  path(plural: string, ...names: string[]): string {
    const root = plural === 'jobs' ? '/apis/batch/v1' : '/api/v1'
    return [`${root}/namespaces/${this.namespace}/${plural}`, ...names].join('/')
  }

  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.client.call(method, path, body, headers)
  }

  /** Creates an object that has to be accepted. */
  async create(plural: string, body: object): Promise<Answer['body']> {
    const answer = await this.call('POST', this.path(plural), body)
    if (answer.status !== 201) throw new Error(`create ${plural}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  async createJob(
    name: string,
    spec: object,
    pod: Partial<PodSpec> = shell('true'),
    metadata: object = {},
  ): Promise<JobUnderTest> {
    const created = await this.create('jobs', {
      metadata: { name, ...metadata },
      spec: { template: { spec: pod }, ...spec },
    })
    return new JobUnderTest(this, created)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.call('DELETE', `/api/v1/namespaces/${this.namespace}`)
    await this.client[Symbol.asyncDispose]()
    await this.#server?.[Symbol.asyncDispose]()
  }
}
