import { EXIT } from '@internal/contract'
import { redact } from '@internal/errors'
import type { JobObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { ifReadable, listPods } from '../api/resources.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import type { JobEnd } from '../job/job-state.ts'
import { readTail } from '../logs/pod-logs.ts'
import { type PodFailure, podFailure, type StartFault } from '../pods/pod-failure.ts'

const LOG_TAILS = 5

/** The exit codes by which podqueue's worker says that another pod will fare no better. */
const MISCONFIGURED: ReadonlyMap<number, string> = new Map([
  [EXIT.usage, 'the worker was called wrongly (exit 64)'],
  [EXIT.notPermitted, 'the worker has no permission (exit 77)'],
  [EXIT.misconfigured, 'the worker’s configuration is wrong (exit 78)'],
])

interface Settings {
  readonly signal: AbortSignal
}

/** The error for a Job that has the condition Failed. */
export async function failedJob(
  api: KubeApi,
  job: JobObject,
  end: JobEnd,
  { signal }: Settings,
): Promise<JobFailedError> {
  const bounds = { fieldSelector: 'status.phase=Failed', limit: 20, signal }
  const listed = (await ifReadable(listPods(api, refOf(job), bounds), signal)) ?? []
  const pods = await withLogTails(
    api,
    job,
    listed.map(podFailure).filter((failure) => failure !== undefined),
    { signal },
  )
  const { name, namespace, uid } = refOf(job)
  // The policy of `failFast` may be quicker than the look that finds the same exit code.
  const wrong = end.reason === 'PodFailurePolicy' && pods.some(({ exitCode }) => MISCONFIGURED.has(exitCode ?? 0))
  return new JobFailedError({
    code: wrong ? 'WORKER_MISCONFIGURED' : 'JOB_FAILED',
    message: `Job ${namespace}/${name} failed: ${[end.reason, end.message].filter(Boolean).join(': ')}${describePods(pods)}`,
    hint: END_HINTS[end.reason] ?? hintFor(pods) ?? `See \`kubectl describe job ${name} --namespace ${namespace}\`.`,
    job: { name, namespace, uid, reason: end.reason, pods },
  })
}

const END_HINTS: Readonly<Record<string, string>> = {
  DeadlineExceeded:
    'It was not done after `deadlineMs`: allow more, or run again for what is left. The queue keeps its items.',
}

/** The error for pods that do not start. */
export function notStarting(job: JobObject, faults: readonly StartFault[], first: StartFault): JobFailedError {
  const { name, namespace, uid } = refOf(job)
  const pods = faults.map(({ failure }) => failure)
  const { reason = '', message = '' } = first.failure
  return new JobFailedError({
    code: first.code,
    message: `Pods of Job ${namespace}/${name} do not start: ${first.failure.name}: ${[reason, message].filter(Boolean).join(': ')}`,
    hint: START_HINTS[first.code],
    job: { name, namespace, uid, reason, pods },
  })
}

const START_HINTS: Readonly<Record<StartFault['code'], string>> = {
  IMAGE_UNAVAILABLE: 'Check the image’s name and tag, `imagePullSecrets`, and whether the nodes reach its registry.',
  CONFIG_MISSING: 'Create the Secret or ConfigMap that is named, with that key, in the Job’s namespace.',
  POD_START_FAILED:
    'The message is the node’s own. An image whose user is root, or has a name instead of a number, cannot be checked against `runAsNonRoot`: use podSecurity `baseline` or give its user by number.',
}

/** The error for a worker that says that it is set up wrongly; undefined when none of the pods does. */
export async function misconfigured(
  api: KubeApi,
  job: JobObject,
  failures: readonly PodFailure[],
  { signal }: Settings,
): Promise<JobFailedError | undefined> {
  const found = failures.filter(({ exitCode }) => exitCode !== undefined && MISCONFIGURED.has(exitCode))
  const why = MISCONFIGURED.get(found[0]?.exitCode ?? 0)
  if (why === undefined) return undefined
  const { name, namespace, uid } = refOf(job)
  const pods = await withLogTails(api, job, found, { signal })
  return new JobFailedError({
    code: 'WORKER_MISCONFIGURED',
    message: `Job ${namespace}/${name}: ${why}${describePods(pods)}`,
    hint: 'Every pod would end like this: correct what its message names. The queue keeps its items.',
    job: { name, namespace, uid, reason: `Exit${found[0]?.exitCode}`, pods },
  })
}

/** The error for a Job whose pods Kubernetes refuses to create. */
export function refusedPods(job: JobObject, message: string): JobFailedError {
  const { name, namespace, uid } = refOf(job)
  const words = redact(message)
  return new JobFailedError({
    code: 'POD_REFUSED',
    message: `Kubernetes creates no pods for Job ${namespace}/${name}: ${words}`,
    hint: isPodSecurity(words)
      ? "The namespace enforces a Pod Security level: use podSecurity 'restricted'."
      : 'The message is Kubernetes’ own: create or correct what it names.',
    job: { name, namespace, uid, reason: 'FailedCreate', pods: [] },
  })
}

/** Whether a pod was refused by the namespace's Pod Security level, which no waiting changes. */
export function isPodSecurity(message: string): boolean {
  return message.includes('violates PodSecurity')
}

/** Whether a pod was refused by a quota, which other work's end changes. */
export function isQuota(message: string): boolean {
  return message.includes('exceeded quota')
}

export async function withLogTails(
  api: KubeApi,
  job: JobObject,
  failures: readonly PodFailure[],
  { signal }: Settings,
): Promise<PodFailure[]> {
  const { namespace } = refOf(job)
  return Promise.all(
    failures.map(async (failure, position) => {
      if (position >= LOG_TAILS || failure.exitCode === undefined) return failure
      const logTail = await ifReadable(readTail(api, { namespace, pod: failure.name, signal }), signal)
      return logTail === undefined ? failure : { ...failure, logTail }
    }),
  )
}

export function describePods(pods: readonly PodFailure[]): string {
  const lines = pods.slice(0, 3).map(({ name, exitCode, reason, message, logTail }) => {
    const how =
      exitCode === undefined ? (reason ?? 'failed') : `exit ${exitCode}${reason === undefined ? '' : ` (${reason})`}`
    const said = message ? message.split('\n') : (logTail ?? [])
    // Lines that are set in go on with the one above: a hint, a stack.
    const words = said.findLast((line) => /^\S/.test(line)) ?? said.at(-1)
    return `\n  pod ${name}: ${how}${words === undefined ? '' : `: ${words}`}`
  })
  return lines.join('')
}

export function hintFor(pods: readonly PodFailure[]): string | undefined {
  const text = pods.flatMap(({ message, logTail = [] }) => [message ?? '', ...logTail]).join('\n')
  if (/EACCES|Permission denied/i.test(text)) {
    return "A program may not write where it wants to: with podSecurity 'restricted' it runs as uid 65532; mount a volume there, or use 'baseline'."
  }
  if (pods.some(({ reason }) => reason === 'OOMKilled'))
    return 'A container ran out of memory: raise resources.limits.memory.'
  return undefined
}

export function refOf({ metadata }: JobObject): { name: string; namespace: string; uid: string } {
  return { name: metadata.name, namespace: metadata.namespace ?? 'default', uid: metadata.uid }
}
