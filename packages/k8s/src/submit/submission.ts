import { pause } from '@internal/async'
import { Problems } from '@internal/options'
import type { V1Job } from '@kubernetes/client-node'
import { ApiAnswer, toK8sError } from '../api/api-answer.ts'
import type { JobObject } from '../api/api-objects.ts'
import type { ClientOptions } from '../api/client-options.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { namespaceOf } from '../api/namespace.ts'
import { createJob, createSecret, deleteJob, getJob, type JobRef, patchJob } from '../api/resources.ts'
import { traced } from '../api/trace.ts'
import { K8sError } from '../errors.ts'
import { giveUp } from '../job/give-up.ts'
import { AWAITING_SECRET, OWN_SUSPENSION, RUN_ID, SPEC_HASH } from '../spec/annotations.ts'
import { brokerSecret } from '../spec/broker-secret.ts'
import { assembleJob } from '../spec/build-job.ts'
import { completionsOf } from '../spec/completions.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import { specHash } from '../spec/spec-hash.ts'
import { dryRunJob } from './dry-run.ts'
import { loopbackProblem } from './loopback-broker.ts'
import { jobExists, onNameTaken, stuckInDeletion } from './name-taken.ts'
import type { SubmitOptions } from './submit-options.ts'

/** A Job that is being deleted may keep its name for this time, unless the call says otherwise. */
const DELETION_GRACE_MS = 120_000

/** The options that a run adds to those of a submit. */
export interface SubmitContext {
  /** Further annotations of podqueue's own. Default: none. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** Whether the server would create the Job suspended, from a dry run that was made already. Default: asked when it matters. */
  readonly suspended?: boolean | undefined
  /** The time that a Job of that name may be in deletion, milliseconds. Default: 120000. */
  readonly startGraceMs?: number | undefined
}

/** A Job that was submitted. */
export interface Submitted {
  /** The Job as the server has it. */
  readonly job: JobObject
  /** Whether it is this run's: made by this call, or by an earlier one with the same run id. Another call's Job is only shared. */
  readonly own: boolean
}

/** Submits a spec that was checked. */
export async function submit(
  api: KubeApi,
  spec: JobSpec,
  options: ClientOptions & SubmitOptions & SubmitContext,
): Promise<Submitted> {
  const namespace = namespaceOf(api, spec, options)
  const run = new Submission(api, { ...spec, namespace }, options)
  const problem = await loopbackProblem(api, spec, { signal: options.signal })
  if (problem !== undefined) {
    const problems = new Problems()
    problems.add('queue.podUrl', problem)
    problems.throwAs('submitJob', (fields) => new K8sError(fields))
  }
  const trace = { name: run.ref.name, namespace: run.ref.namespace, completions: completionsOf(spec) }
  const job = await traced('submit', trace, () => run.submit())
  return { job, own: run.isOwn(job) }
}

class Submission {
  /** The Job's name and namespace, as its `template` leaves them. */
  readonly ref: JobRef
  readonly #api: KubeApi
  readonly #spec: JobSpec
  readonly #options: SubmitOptions & SubmitContext
  readonly #runId: string
  readonly #hash: string
  readonly #secretName: string
  /** The Job, less podqueue's annotations. */
  readonly #job: V1Job
  readonly #signal: AbortSignal | undefined
  #made = false

  constructor(api: KubeApi, spec: JobSpec & { readonly namespace: string }, options: SubmitOptions & SubmitContext) {
    this.#api = api
    this.#options = options
    this.#signal = options.signal
    this.#runId = options.runId ?? randomHex(4)
    // The Secret of an earlier Job with this run id goes some time after it: it must not be taken for this one.
    const nonce = options.runId === undefined ? '' : `-${randomHex(2)}`
    this.#secretName = `${spec.name}-${this.#runId}${nonce}`
    this.#job = assembleJob(spec, this.#secretName)
    this.#hash = specHash(assembleJob(spec), spec)
    const { name = spec.name, namespace = spec.namespace } = this.#job.metadata ?? {}
    this.ref = { name, namespace }
    this.#spec = { ...spec, namespace }
  }

  async submit(): Promise<JobObject> {
    let deletingSince: number | undefined
    while (true) {
      const made = await this.#create()
      const found = made === 'exists' ? await this.#settle() : made
      if (found === 'free') continue
      if (!('deleting' in found)) return this.#release(found)
      deletingSince ??= performance.now()
      const graceMs = this.#options.startGraceMs ?? DELETION_GRACE_MS
      if (performance.now() - deletingSince >= graceMs) throw stuckInDeletion(found.deleting, graceMs)
      await pause(Math.min(1000, graceMs), this.#signal)
    }
  }

  isOwn({ metadata }: JobObject): boolean {
    return metadata.annotations?.[RUN_ID] === this.#runId
  }

  async #create(): Promise<JobObject | 'exists'> {
    const { namespace } = this.ref
    const job = await this.#annotated()
    if (job === 'exists') return job
    try {
      const made = await createJob(this.#api, job, namespace, { signal: this.#signal })
      this.#made = made !== 'exists'
      return made
    } catch (error) {
      if (this.#signal?.aborted === true) await this.#undo()
      throw error
    }
  }

  /**
   * The Job with podqueue's annotations. It is suspended when its Secret has to be there first, unless it will be suspended
   * anyway: then the one that suspends it decides when it starts.
   */
  async #annotated(): Promise<V1Job | 'exists'> {
    const job = this.#job
    const own = 'podUrl' in this.#spec.queue
    const suspended = own ? await this.#isSuspendedByOthers() : false
    if (suspended === undefined) return 'exists'
    const annotations = {
      ...job.metadata?.annotations,
      ...this.#options.annotations,
      [RUN_ID]: this.#runId,
      [SPEC_HASH]: this.#hash,
      ...(own ? { [AWAITING_SECRET]: this.#secretName } : {}),
      ...(own && !suspended ? { [OWN_SUSPENSION]: 'true' } : {}),
    }
    const annotated = { ...job, metadata: { ...job.metadata, annotations } }
    if (job.spec === undefined || !own || suspended) return annotated
    return { ...annotated, spec: { ...job.spec, suspend: true } }
  }

  /** Whether the server would create the Job suspended as it is; undefined when a Job has the name, which comes first. */
  async #isSuspendedByOthers(): Promise<boolean | undefined> {
    if (this.#job.spec?.suspend === true) return true
    if (this.#options.suspended !== undefined) return this.#options.suspended
    const { namespace } = this.ref
    return (await dryRunJob(this.#api, this.#job, { namespace, signal: this.#signal })).suspended
  }

  /** Decides about the Job that has the name: it is the one, or it is being deleted, or its name is free now. */
  async #settle(): Promise<JobObject | { readonly deleting: JobObject } | 'free'> {
    const bounds = { signal: this.#signal }
    const job = await getJob(this.#api, this.ref, bounds)
    if (job === undefined) return 'free'
    const { uid } = job.metadata
    const verdict = onNameTaken(job, {
      runId: this.#runId,
      hash: this.#hash,
      onFinished: this.#options.onFinished ?? 'replace',
    })
    if (verdict === 'adopt') return job
    if (verdict === 'finished' || verdict === 'other') throw jobExists(job, verdict)
    if (verdict === 'wait') return { deleting: job }
    await deleteJob(this.#api, { ...this.ref, uid }, bounds)
    return 'free'
  }

  /** Makes the Secret of a Job that awaits it, and starts the Job: ours, or one that a client left between the two. */
  async #release(job: JobObject): Promise<JobObject> {
    const { name, uid, annotations = {} } = job.metadata
    const { namespace } = this.ref
    const secretName = annotations[AWAITING_SECRET]
    if (secretName === undefined) return job
    try {
      const secret = brokerSecret(this.#spec, { name: secretName, owner: { name, uid } })
      if (secret !== undefined) await createSecret(this.#api, secret, namespace, { signal: this.#signal })
      return await this.#start(job, secretName)
    } catch (error) {
      // Only what this call made: an adopted Job is another client's too.
      if (this.#made) await giveUp(this.#api, { name, namespace, uid }, 'delete')
      throw error
    }
  }

  /**
   * Removes the annotations, and with them the suspension if it is podqueue's own, in one patch that fails if they are not
   * there: no other suspension is lifted.
   */
  async #start(job: JobObject, secretName: string): Promise<JobObject> {
    const { uid, annotations = {} } = job.metadata
    const ref = { ...this.ref, uid }
    const operations = [
      { op: 'test', path: '/metadata/uid', value: uid },
      ...removal(AWAITING_SECRET, secretName),
      ...(annotations[OWN_SUSPENSION] === undefined
        ? []
        : [...removal(OWN_SUSPENSION, 'true'), { op: 'add', path: '/spec/suspend', value: false }]),
    ]
    try {
      return await patchJob(this.#api, ref, operations, { signal: this.#signal })
    } catch (error) {
      if (!(error instanceof ApiAnswer)) throw error
      // The answer to a patch that was done may have been lost, or another client was first.
      const now = await getJob(this.#api, ref, { signal: this.#signal })
      if (now?.metadata.uid === uid && now.metadata.annotations?.[AWAITING_SECRET] === undefined) return now
      throw toK8sError(error)
    }
  }

  /** After an abort while a create was under way: whether it was done is not known. */
  async #undo(): Promise<void> {
    if (this.#options.runId !== undefined) return
    const job = await getJob(this.#api, this.ref, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
    if (job?.metadata.annotations?.[RUN_ID] !== this.#runId) return
    await giveUp(this.#api, { ...this.ref, uid: job.metadata.uid }, 'delete')
  }
}

/** The operations of a JSON patch that remove an annotation, and fail unless it has that value. */
function removal(annotation: string, value: string): object[] {
  const path = `/metadata/annotations/${annotation.replace('/', '~1')}`
  return [
    { op: 'test', path, value },
    { op: 'remove', path },
  ]
}

function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex')
}
