import { pause } from '@internal/async'
import { Problems } from '@internal/options'
import type { V1Job } from '@kubernetes/client-node'
import { ApiAnswer, toK8sError } from '../api/api-answer.ts'
import type { JobObject } from '../api/api-objects.ts'
import type { ClientOptions } from '../api/client-options.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { namespaceOf } from '../api/namespace.ts'
import { createJob, createSecret, deleteJob, getJob, patchJob } from '../api/resources.ts'
import { traced } from '../api/trace.ts'
import { K8sError } from '../errors.ts'
import { giveUp } from '../job/give-up.ts'
import { AWAITING_SECRET, RUN_ID, SPEC_HASH } from '../spec/annotations.ts'
import { brokerSecret } from '../spec/broker-secret.ts'
import { assembleJob } from '../spec/build-job.ts'
import { completionsOf } from '../spec/completions.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import { specHash } from '../spec/spec-hash.ts'
import { loopbackProblem } from './loopback-broker.ts'
import { jobExists, onNameTaken } from './name-taken.ts'
import type { SubmitOptions } from './submit-options.ts'

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
  options: ClientOptions & SubmitOptions & { readonly annotations?: Readonly<Record<string, string>> | undefined },
): Promise<Submitted> {
  const problem = await loopbackProblem(api, spec, { signal: options.signal })
  if (problem !== undefined) {
    const problems = new Problems()
    problems.add('queue.podUrl', problem)
    problems.throwAs('submitJob', (fields) => new K8sError(fields))
  }
  const namespace = namespaceOf(api, spec, options)
  const run = new Submission(api, { ...spec, namespace }, options)
  const trace = { name: spec.name, namespace, completions: completionsOf(spec) }
  const job = await traced('submit', trace, () => run.submit())
  return { job, own: run.isOwn(job) }
}

class Submission {
  readonly #api: KubeApi
  readonly #spec: JobSpec & { readonly namespace: string }
  readonly #options: SubmitOptions & { readonly annotations?: Readonly<Record<string, string>> | undefined }
  readonly #runId: string
  readonly #hash: string
  readonly #secretName: string
  readonly #signal: AbortSignal | undefined
  #made = false

  constructor(
    api: KubeApi,
    spec: JobSpec & { readonly namespace: string },
    options: SubmitOptions & { readonly annotations?: Readonly<Record<string, string>> | undefined },
  ) {
    this.#api = api
    this.#spec = spec
    this.#options = options
    this.#signal = options.signal
    this.#runId = options.runId ?? randomHex(4)
    this.#hash = specHash(assembleJob(spec), spec)
    // The Secret of an earlier Job with this run id goes some time after it: it must not be taken for this one.
    const nonce = options.runId === undefined ? '' : `-${randomHex(2)}`
    this.#secretName = `${spec.name}-${this.#runId}${nonce}`
  }

  async submit(): Promise<JobObject> {
    const job = this.#job()
    while (true) {
      const made = await this.#create(job)
      const found = made === 'exists' ? await this.#settle() : made
      if (found === undefined) continue
      return this.#release(found)
    }
  }

  isOwn({ metadata }: JobObject): boolean {
    return metadata.annotations?.[RUN_ID] === this.#runId
  }

  async #create(job: V1Job): Promise<JobObject | 'exists'> {
    const { namespace } = this.#spec
    try {
      const made = await createJob(this.#api, job, namespace, { signal: this.#signal })
      this.#made = made !== 'exists'
      return made
    } catch (error) {
      if (this.#signal?.aborted === true) await this.#undo()
      throw error
    }
  }

  /** What to do about the Job that has the name: it is the one, or undefined when its name is free now. */
  async #settle(): Promise<JobObject | undefined> {
    const ref = { name: this.#spec.name, namespace: this.#spec.namespace }
    const bounds = { signal: this.#signal }
    const job = await getJob(this.#api, ref, bounds)
    if (job === undefined) return undefined
    const { uid } = job.metadata
    const verdict = onNameTaken(job, {
      runId: this.#runId,
      hash: this.#hash,
      onFinished: this.#options.onFinished ?? 'replace',
    })
    if (verdict === 'adopt') return job
    if (verdict === 'finished' || verdict === 'other') throw jobExists(job, verdict)
    if (verdict === 'replace') await deleteJob(this.#api, { ...ref, uid }, bounds)
    else await pause(1000, this.#signal)
    return undefined
  }

  /** Makes the Secret of a Job that awaits it, and starts the Job: ours, or one that a client left between the two. */
  async #release(job: JobObject): Promise<JobObject> {
    const { name, uid, annotations = {} } = job.metadata
    const { namespace } = this.#spec
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

  /** Removes the annotation and the suspension in one patch, which fails if the annotation is not there: no other suspension is lifted. */
  async #start(job: JobObject, secretName: string): Promise<JobObject> {
    const { name, uid } = job.metadata
    const ref = { name, namespace: this.#spec.namespace, uid }
    const annotation = `/metadata/annotations/${AWAITING_SECRET.replace('/', '~1')}`
    const operations = [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'test', path: annotation, value: secretName },
      { op: 'remove', path: annotation },
      { op: 'add', path: '/spec/suspend', value: false },
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
    const { name, namespace } = this.#spec
    if (this.#options.runId !== undefined) return
    const job = await getJob(this.#api, { name, namespace }, { signal: AbortSignal.timeout(10_000) }).catch(
      () => undefined,
    )
    if (job?.metadata.annotations?.[RUN_ID] !== this.#runId) return
    await giveUp(this.#api, { name, namespace, uid: job.metadata.uid }, 'delete')
  }

  /** The Job with its annotations, suspended when its Secret has to be there first. */
  #job(): V1Job {
    const own = 'podUrl' in this.#spec.queue
    const job = assembleJob(this.#spec, this.#secretName)
    const annotations = {
      ...this.#options.annotations,
      [RUN_ID]: this.#runId,
      [SPEC_HASH]: this.#hash,
      ...(own ? { [AWAITING_SECRET]: this.#secretName } : {}),
    }
    return {
      ...job,
      metadata: { ...job.metadata, annotations: { ...job.metadata?.annotations, ...annotations } },
      ...(job.spec === undefined || !own ? {} : { spec: { ...job.spec, suspend: true } }),
    }
  }
}

function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex')
}
