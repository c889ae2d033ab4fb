import type { Pod, Volume } from '../objects/objects.ts'
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
  'readinessGates',
  'runtimeClassName',
  'topologySpreadConstraints',
]
const CONTAINER_FIELDS = [
  'lifecycle',
  'livenessProbe',
  'ports',
  'readinessProbe',
  'resources',
  'startupProbe',
  'stdin',
  'tty',
]

/** The names of the fields of a pod that have no effect on a plain process of this machine. */
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
  for (const volume of pod.spec.volumes ?? []) {
    if (!isHonoured(volume)) found.add(`volumes.${sourceOf(volume)}`)
    if (isAsked(volume.emptyDir?.sizeLimit)) found.add('volumes.emptyDir.sizeLimit')
  }
  return [...found]
}

/** The kind of a volume, which is the name of its other field: `hostPath`, `persistentVolumeClaim`. */
function sourceOf(volume: Volume): string {
  return Object.keys(volume).find((field) => field !== 'name') ?? volume.name
}

function isAsked(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
