import type { V1EnvVar } from '@kubernetes/client-node'
import type { JobSpec } from './job-spec.ts'

/** Whether a variable is one that podqueue sets for its worker. */
export function isReservedVariable(name: string): boolean {
  return name === 'BROKER_URL' || name === 'QUEUE' || name.startsWith('PODQUEUE_')
}

/** The container's variables: podqueue's first, so that the app's own and `args` can refer to them as `$(QUEUE)`. */
export function workerEnv(spec: JobSpec, brokerSecret: { readonly name: string; readonly key: string }): V1EnvVar[] {
  const { worker = {}, queue, itemsPerPod = 1, env = {} } = spec
  const settings = {
    PODQUEUE_ITEMS: itemsPerPod,
    PODQUEUE_CONCURRENCY: worker.concurrency,
    PODQUEUE_EMPTY: worker.empty,
    PODQUEUE_EMPTY_AFTER_MS: worker.emptyAfterMs,
    PODQUEUE_IDLE_MS: worker.idleTimeoutMs,
  }
  const own: V1EnvVar[] = [
    { name: 'BROKER_URL', valueFrom: { secretKeyRef: { name: brokerSecret.name, key: brokerSecret.key } } },
    { name: 'QUEUE', value: queue.name },
  ]
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) own.push({ name, value: String(value) })
  }
  // The user that `restricted` runs as has no home in the image's passwd, so HOME would be `/`, which it cannot write.
  if (spec.podSecurity === 'restricted' && env.HOME === undefined) own.push({ name: 'HOME', value: '/tmp' })
  const theirs = Object.entries(env).map(
    ([name, value]): V1EnvVar => (typeof value === 'string' ? { name, value } : { name, valueFrom: value }),
  )
  return [...own, ...theirs]
}
