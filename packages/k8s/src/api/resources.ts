import type { V1Job, V1Secret } from '@kubernetes/client-node'
import { COMPLETION_INDEX, CONTROLLER_UID } from '../spec/pod-labels.ts'
import { ApiAnswer, statusOf } from './api-answer.ts'
import type { EventObject, JobObject, KubeList, PodObject } from './api-objects.ts'
import type { ApiRequest, KubeApi } from './kube-api.ts'

/** A reference to a Job: with a uid to this one Job, else to the Job that has the name when it is first seen. */
export interface JobRef {
  readonly name: string
  readonly namespace: string
  readonly uid?: string
}

/** Bounds of a request: who may abort it. */
interface Bounds {
  readonly signal?: AbortSignal | undefined
  /** The time in which the request may be tried again, milliseconds. */
  readonly withinMs?: number
}

/** The path of a namespace's Jobs. */
export function jobsPath(namespace: string): string {
  return `/apis/batch/v1/namespaces/${namespace}/jobs`
}

/** The path of a namespace's pods. */
export function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`
}

/** Undefined when there is none. */
export async function getJob(
  api: KubeApi,
  { name, namespace }: JobRef,
  bounds: Bounds = {},
): Promise<JobObject | undefined> {
  const request: ApiRequest = {
    verb: 'get',
    resource: 'jobs',
    namespace,
    name,
    path: `${jobsPath(namespace)}/${name}`,
    ...bounds,
  }
  return unlessMissing(api, request)
}

/** The Job that was made, or 'exists' when its name is taken. */
export async function createJob(
  api: KubeApi,
  job: V1Job,
  namespace: string,
  bounds: Bounds,
): Promise<JobObject | 'exists'> {
  const name = job.metadata?.name
  return createObject<JobObject>(api, {
    resource: 'jobs',
    namespace,
    name,
    path: jobsPath(namespace),
    body: job,
    ...bounds,
  })
}

/** 'exists' when there is one of that name, as after a create whose answer was lost. */
export async function createSecret(api: KubeApi, secret: V1Secret, namespace: string, bounds: Bounds): Promise<void> {
  const name = secret.metadata?.name
  const path = `/api/v1/namespaces/${namespace}/secrets`
  await createObject(api, { resource: 'secrets', namespace, name, path, body: secret, ...bounds })
}

async function createObject<Made>(api: KubeApi, request: Omit<ApiRequest, 'verb'>): Promise<Made | 'exists'> {
  try {
    return await api.request<Made>({ verb: 'create', ...request })
  } catch (error) {
    if (error instanceof ApiAnswer && error.code === 409) return 'exists'
    throw error
  }
}

/**
 * Deletes a Job, and by the garbage collector its pods and its Secret: only the one with that uid, and nothing when it is
 * gone. Through the API the pods stay unless this is asked for (kubernetes/kubernetes#20902).
 */
export async function deleteJob(api: KubeApi, { name, namespace, uid }: JobRef, bounds: Bounds = {}): Promise<void> {
  const preconditions = uid === undefined ? {} : { preconditions: { uid } }
  try {
    await api.request({
      verb: 'delete',
      resource: 'jobs',
      namespace,
      name,
      path: `${jobsPath(namespace)}/${name}`,
      body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...preconditions },
      ...bounds,
    })
  } catch (error) {
    // 409: another Job has the name by now; ours is gone.
    if (!(error instanceof ApiAnswer && (error.code === 404 || error.code === 409))) throw error
  }
}

/** Changes a Job by a JSON patch, whose `test` operations make it all or nothing. */
export async function patchJob(
  api: KubeApi,
  { name, namespace }: JobRef,
  operations: readonly object[],
  bounds: Bounds = {},
): Promise<JobObject> {
  return api.request<JobObject>({
    verb: 'patch',
    resource: 'jobs',
    namespace,
    name,
    path: `${jobsPath(namespace)}/${name}`,
    contentType: 'application/json-patch+json',
    body: operations,
    ...bounds,
  })
}

/** Some of a Job's pods: the server picks those in one of a few phases, so that the answer is small whatever the Job's size. */
export async function listPods(
  api: KubeApi,
  { namespace, uid }: JobRef & { readonly uid: string },
  { fieldSelector, limit, signal }: Bounds & { readonly fieldSelector?: string; readonly limit?: number },
): Promise<readonly PodObject[]> {
  const query = { labelSelector: `${CONTROLLER_UID}=${uid}`, fieldSelector, limit }
  const list = await api.request<KubeList<PodObject>>({
    verb: 'list',
    resource: 'pods',
    namespace,
    path: podsPath(namespace),
    query,
    signal,
  })
  return list.items
}

/** A page of a list, and where the next one begins; undefined after the last. */
export interface PodPage {
  readonly pods: readonly PodObject[]
  readonly next: string | undefined
}

/** A page of a Job's pods, in the order of their names. */
export async function listPodPage(
  api: KubeApi,
  { namespace, uid }: JobRef & { readonly uid: string },
  options: Bounds & {
    readonly fieldSelector?: string | undefined
    /** Only the pods of these completion indexes, by a label that they have since Kubernetes 1.28. */
    readonly indexes?: readonly number[] | undefined
    readonly limit: number
    readonly next?: string | undefined
  },
): Promise<PodPage> {
  const { fieldSelector, indexes, limit, next, signal } = options
  const ofIndexes = indexes === undefined ? '' : `,${COMPLETION_INDEX} in (${indexes.join(',')})`
  const query = { labelSelector: `${CONTROLLER_UID}=${uid}${ofIndexes}`, fieldSelector, limit, continue: next }
  const list = await api.request<KubeList<PodObject>>({
    verb: 'list',
    resource: 'pods',
    namespace,
    path: podsPath(namespace),
    query,
    signal,
  })
  return { pods: list.items, next: list.metadata.continue || undefined }
}

/**
 * Deletes a pod by force, without waiting for its node. Does nothing when it is gone. Of a Job that replaces only pods that have
 * ended, the pod stays, as running, for the Job controller's finalizer (kubernetes/enhancements#6262): it is taken off too.
 * Needs the rights to delete and to patch pods.
 */
export async function deletePodNow(
  api: KubeApi,
  { name, namespace, uid }: JobRef & { readonly uid: string },
  bounds: Bounds,
): Promise<void> {
  const pod = { resource: 'pods', namespace, name, path: `${podsPath(namespace)}/${name}`, ...bounds } as const
  const steps: ApiRequest[] = [
    {
      ...pod,
      verb: 'delete',
      body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } },
    },
    {
      ...pod,
      verb: 'patch',
      contentType: 'application/merge-patch+json',
      body: { metadata: { uid, finalizers: null } },
    },
  ]
  for (const step of steps) {
    try {
      await api.expect(step)
    } catch (error) {
      const status = statusOf(error)
      if (status !== 404 && status !== 409) throw error
    }
  }
}

/** Kubernetes names events by their time, and keeps them for an hour: more than these say nothing new. */
const MOST_EVENT_PAGES = 5

/** The warnings about a Job, why its pods cannot be created, or about a pod, why it does not start: the newest last. */
export async function listWarnings(
  api: KubeApi,
  { namespace, uid }: JobRef & { readonly uid: string },
  { signal }: Bounds,
): Promise<readonly EventObject[]> {
  const path = `/api/v1/namespaces/${namespace}/events`
  const warnings: EventObject[] = []
  let next: string | undefined
  for (let page = 0; page < MOST_EVENT_PAGES; page++) {
    const query = { fieldSelector: `involvedObject.uid=${uid},type=Warning`, limit: 100, continue: next }
    const list = await api.request<KubeList<EventObject>>({
      verb: 'list',
      resource: 'events',
      namespace,
      path,
      query,
      signal,
    })
    warnings.push(...list.items)
    next = list.metadata.continue || undefined
    if (next === undefined) break
  }
  return warnings.sort((one, other) => lastSeen(one) - lastSeen(other))
}

/** When an event was last seen, by the server's clock. */
function lastSeen({ series, lastTimestamp, eventTime, metadata }: EventObject): number {
  return Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0
}

/** Diagnostics are for the message, never the verdict: what may not be read, or not now, is undefined. */
export async function ifReadable<Value>(reading: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  try {
    return await reading
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function unlessMissing<Value>(api: KubeApi, request: ApiRequest): Promise<Value | undefined> {
  try {
    return await api.request<Value>(request)
  } catch (error) {
    if (error instanceof ApiAnswer && error.code === 404) return undefined
    throw error
  }
}
