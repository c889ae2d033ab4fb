import type { Pod, Volume } from '../objects.ts'
import { isHonoured } from './volumes.ts'

const POD_FIELDS = [
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
]

/** What a pod asks for that a plain process on this machine does not get, by the names of the fields. */
export function ignoredFields(pod: Pod): string[] {
  const found = new Set<string>()
  for (const field of POD_FIELDS) if (isAsked(pod.spec[field])) found.add(field)
  if (isAsked(pod.spec.securityContext)) found.add('securityContext')
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    for (const field of CONTAINER_FIELDS) if (isAsked(container[field])) found.add(field)
    if (isAsked(container.securityContext)) found.add('securityContext')
    if (container.volumeMounts?.some(({ readOnly }) => readOnly)) found.add('volumeMounts.readOnly')
    if (container.volumeMounts?.some(({ subPathExpr }) => subPathExpr)) found.add('volumeMounts.subPathExpr')
  }
  for (const volume of pod.spec.volumes ?? []) if (!isHonoured(volume)) found.add(`volumes.${sourceOf(volume)}`)
  return [...found]
}

/** `hostPath`, `persistentVolumeClaim`: what a volume is, which is the name of its other field. */
function sourceOf(volume: Volume): string {
  return Object.keys(volume).find((field) => field !== 'name') ?? volume.name
}

function isAsked(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
