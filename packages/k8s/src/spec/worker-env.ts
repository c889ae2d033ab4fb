import { ENV } from '@internal/contract'
import type { V1EnvVar } from '@kubernetes/client-node'
import type { JobSpec } from './job-spec.ts'

/** The container's variables: podqueue's first, so that the app's own and `args` can refer to them as `$(QUEUE)`. */
export function workerEnv(spec: JobSpec, brokerSecret: { readonly name: string; readonly key: string }): V1EnvVar[] {
  const { worker = {}, queue, itemsPerPod = 1, env = {} } = spec
  const settings = {
    [ENV.queue]: queue.name,
    [ENV.items]: itemsPerPod,
    [ENV.concurrency]: worker.concurrency,
    [ENV.empty]: worker.empty,
    [ENV.emptyCheckDelayMs]: worker.emptyCheckDelayMs,
    [ENV.idleTimeoutMs]: worker.idleTimeoutMs,
  }
  const own: V1EnvVar[] = [
    { name: ENV.brokerUrl, valueFrom: { secretKeyRef: { name: brokerSecret.name, key: brokerSecret.key } } },
  ]
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) own.push({ name, value: literal(String(value)) })
  }
  // The user that `restricted` runs as has no home in the image's passwd, so HOME would be `/`, which it cannot write.
  if (spec.podSecurity === 'restricted' && env.HOME === undefined) own.push({ name: 'HOME', value: '/tmp' })
  const theirs = Object.entries(env).map(
    ([name, value]): V1EnvVar => (typeof value === 'string' ? { name, value } : { name, valueFrom: value }),
  )
  return [...own, ...theirs]
}

/**
 * A value that pods get as it is. Kubernetes expands `$(NAME)` in values and takes `$$` for `$`; a queue may be named so. The
 * app's own variables are left to the app, which may want that.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
function literal(value: string): string {
  return value.replaceAll('$', '$$$$')
}
