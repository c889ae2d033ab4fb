import {
  BROKER_ADDRESS_EXAMPLE,
  EMPTY_CHOICES,
  parseBrokerAddress,
  queueNameProblem,
  WORKER_SETTINGS,
} from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import { checkObjectName } from './check-names.ts'
import { isObject } from './check-shape.ts'
import type { JobSpec, QueueBySecret, QueueSpec, WorkerSettings } from './job-spec.ts'

const QUEUE: Names<QueueSpec> = { name: true, podUrl: true, urlFrom: true }
const URL_FROM: Names<QueueBySecret['urlFrom']> = { secret: true, key: true }
const WORKER: Names<WorkerSettings> = { concurrency: true, empty: true, emptyCheckDelayMs: true, idleTimeoutMs: true }

// https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data
const SECRET_KEY = /^[-._a-zA-Z0-9]{1,253}$/

/** Adds what is wrong with a queue, by the rules of the workers in the pods: each of them would exit with 78. */
export function checkQueue(problems: Problems, queue: JobSpec['queue']): void {
  if (!isObject(queue as unknown)) {
    problems.add('queue', 'must be { name, podUrl } or { name, urlFrom: { secret, key } }')
    return
  }
  problems.known('queue', queue, QUEUE)
  const nameProblem = queueNameProblem(queue.name)
  if (nameProblem !== undefined) problems.add('queue.name', nameProblem)
  if ('podUrl' in queue && 'urlFrom' in queue) problems.add('queue', 'must have podUrl or urlFrom, not both')
  if ('urlFrom' in queue) checkUrlFrom(problems, queue.urlFrom)
  else checkPodUrl(problems, queue.podUrl)
}

function checkUrlFrom(problems: Problems, urlFrom: QueueBySecret['urlFrom']): void {
  const { secret, key } = problems.known('queue.urlFrom', urlFrom, URL_FROM)
  checkObjectName(problems, 'queue.urlFrom.secret', secret)
  // Neither is shown where it is wrong: it may be the address itself, which belongs in podUrl.
  if (typeof key === 'string' && SECRET_KEY.test(key)) return
  problems.add('queue.urlFrom.key', "must be the key of a Secret: a-z, A-Z, 0-9, '-', '_' and '.'")
}

function checkPodUrl(problems: Problems, podUrl: unknown): void {
  if (typeof podUrl !== 'string' || podUrl === '') {
    problems.add('queue.podUrl', `must be an address like ${BROKER_ADDRESS_EXAMPLE}`)
    return
  }
  const address = parseBrokerAddress(podUrl)
  if ('problem' in address) {
    problems.add(
      'queue.podUrl',
      `must be an address like ${BROKER_ADDRESS_EXAMPLE}: ${address.problem}. ${address.hint}`,
    )
  }
}

/** Adds what is wrong with the settings of the workers, by the ranges that the workers check when they start. */
export function checkWorker(problems: Problems, spec: JobSpec): void {
  const worker = problems.known('worker', spec.worker, WORKER)
  problems.oneOf('worker.empty', worker.empty, EMPTY_CHOICES)
  for (const name of ['concurrency', 'emptyCheckDelayMs', 'idleTimeoutMs'] as const) {
    problems.wholeNumber(`worker.${name}`, worker[name], WORKER_SETTINGS[name])
  }
}
