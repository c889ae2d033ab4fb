import type { Container, Pod } from '../objects.ts'

const POD_FIELDS = [
  'activeDeadlineSeconds',
  'affinity',
  'dnsConfig',
  'hostAliases',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'nodeSelector',
  'priorityClassName',
  'runtimeClassName',
  'topologySpreadConstraints',
  'volumes',
]
const CONTAINER_FIELDS = [
  'lifecycle',
  'livenessProbe',
  'ports',
  'readinessProbe',
  'resources',
  'restartPolicy',
  'startupProbe',
  'stdin',
  'tty',
  'volumeMounts',
]

/** What a pod asks for that a plain process on this machine does not get, by the names of the fields. */
export function unhonouredFields(pod: Pod): string[] {
  const found = new Set<string>()
  for (const field of POD_FIELDS) if (isAsked(pod.spec[field])) found.add(field)
  if (isAsked(pod.spec.securityContext)) found.add('securityContext')
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    for (const field of CONTAINER_FIELDS) if (isAsked(container[field])) found.add(field)
    if (isAsked(container.securityContext)) found.add('securityContext')
    if (hasResourceField(container)) found.add('resourceFieldRef')
  }
  return [...found]
}

function hasResourceField({ env }: Container): boolean {
  return env?.some(({ valueFrom }) => valueFrom?.resourceFieldRef) ?? false
}

function isAsked(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
