import { Agent, request } from 'undici'
import { type LocalCluster, type LocalClusterOptions, startLocalCluster } from '../src/index.ts'
import type { Condition, Job, KubeObject, Pod, PodSpec } from '../src/objects/objects.ts'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the answer's shape is what the tests are about
  readonly body: any
}

export interface WatchEvent<T = KubeObject> {
  readonly type: string
  readonly object: T
}

/** A local cluster and a plain client of its API. Retries of Kubernetes' 10 s take 10 ms unless the test says otherwise. */
export class TestCluster implements AsyncDisposable {
  readonly cluster: LocalCluster
  readonly #agent: Agent
  readonly #token: string

  private constructor(cluster: LocalCluster) {
    this.cluster = cluster
    const ca = Buffer.from(cluster.kubeConfig.getCurrentCluster()?.caData ?? '', 'base64')
    this.#agent = new Agent({ connect: { ca } })
    this.#token = cluster.kubeConfig.getCurrentUser()?.token ?? ''
  }

  static async start(options: LocalClusterOptions = {}): Promise<TestCluster> {
    return new TestCluster(await startLocalCluster({ backoffScale: 0.001, ...options }))
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await request(this.cluster.url + path, {
      method: method as 'GET',
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.body.text()
    const json = response.headers['content-type'] === 'application/json'
    return { status: response.statusCode, body: json ? JSON.parse(text) : text }
  }

  /** The changes of a watch, one by one. Ends with the watch; leaving the loop ends the request. */
  async *watch<T = KubeObject>(path: string, query: Record<string, string> = {}): AsyncGenerator<WatchEvent<T>> {
    const abort = new AbortController()
    const search = new URLSearchParams({ watch: 'true', timeoutSeconds: '30', ...query })
    const response = await request(`${this.cluster.url}${path}?${search}`, {
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#token}` },
      signal: abort.signal,
    })
    let rest = ''
    try {
      for await (const chunk of response.body) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) yield JSON.parse(line)
      }
    } finally {
      response.body.on('error', () => {})
      abort.abort()
    }
  }

  async createJob(
    name: string,
    spec: Record<string, unknown>,
    pod: Partial<PodSpec> & { command?: string[] } = {},
  ): Promise<Job> {
    const { command, ...rest } = pod
    const containers = [{ name: 'main', image: 'any', ...(command && { command }) }]
    const template = { spec: { restartPolicy: 'Never', containers, ...rest } }
    const { status, body } = await this.call('POST', JOBS, { metadata: { name }, spec: { template, ...spec } })
    if (status !== 201) throw new Error(`create ${name}: ${JSON.stringify(body)}`)
    return body
  }

  async job(name: string): Promise<Job> {
    return (await this.call('GET', `${JOBS}/${name}`)).body
  }

  async pods(job: string): Promise<Pod[]> {
    return (await this.call('GET', `${PODS}?labelSelector=job-name%3D${job}`)).body.items
  }

  /** Every state of the Job from its first to the one that fits. */
  async jobUntil(name: string, fits: (job: Job) => boolean): Promise<Job[]> {
    const seen: Job[] = []
    for await (const { object } of this.watch<Job>(JOBS, {
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: '1',
    })) {
      seen.push(object)
      if (fits(object)) return seen
    }
    throw new Error(`${name} did not come so far: ${JSON.stringify(seen.at(-1)?.status)}`)
  }

  /** The Job's last state. */
  async finished(name: string): Promise<Job> {
    const states = await this.jobUntil(
      name,
      (job) => conditionOf(job, 'Complete') !== undefined || conditionOf(job, 'Failed') !== undefined,
    )
    return states.at(-1) as Job
  }

  /** The first pod of a Job that fits. */
  async podThat(job: string, fits: (pod: Pod) => boolean): Promise<Pod> {
    for await (const { object } of this.watch<Pod>(PODS, { labelSelector: `job-name=${job}` }))
      if (fits(object)) return object
    throw new Error(`no pod of ${job} came so far`)
  }

  async events(name: string): Promise<{ type: string; reason: string; message: string }[]> {
    return (await this.call('GET', `/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3D${name}`))
      .body.items
  }

  async log(pod: Pod, query = ''): Promise<string> {
    return (await this.call('GET', `${PODS}/${pod.metadata.name}/log?${query}`)).body
  }

  /** A log that is being followed: its answer has begun. */
  async follow(pod: Pod): Promise<{ text(): Promise<string> }> {
    const { body } = await request(`${this.cluster.url}${PODS}/${pod.metadata.name}/log?follow=true`, {
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#token}` },
    })
    return body
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
    await this.cluster.close()
  }
}

export const JOBS = '/apis/batch/v1/namespaces/default/jobs'
export const PODS = '/api/v1/namespaces/default/pods'
export const SECRETS = '/api/v1/namespaces/default/secrets'

export function conditionOf(
  object: { status: { conditions?: readonly Condition[] } },
  type: string,
): Condition | undefined {
  return object.status.conditions?.find((condition) => condition.type === type && condition.status === 'True')
}

export function shell(script: string): string[] {
  return ['sh', '-c', script]
}

/** Whether a process is there. A zombie is not. */
export async function isAlive(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises')
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat !== undefined && stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z'
}
