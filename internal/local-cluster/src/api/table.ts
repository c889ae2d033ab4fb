import type { ConfigMap, ContainerStatus, Job, KubeObject, Pod, Secret } from '../objects.ts'
import {
  CONFIG_MAPS,
  EVENTS,
  groupVersion,
  JOBS,
  NAMESPACES,
  PODS,
  type ResourceType,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../store/resource-types.ts'

/** A column as `kubectl get` shows it; with priority 1 only for `-o wide`. */
interface Column {
  readonly name: string
  readonly priority?: number
  readonly cell: (object: never) => string | number
}

const NAME: Column = { name: 'Name', cell: ({ metadata }: KubeObject) => metadata.name }
const AGE: Column = { name: 'Age', cell: ({ metadata }: KubeObject) => ageOf(metadata.creationTimestamp) }

const COLUMNS = new Map<ResourceType, readonly Column[]>([
  [
    JOBS,
    [
      NAME,
      { name: 'Status', cell: jobStatus },
      { name: 'Completions', cell: completions },
      { name: 'Duration', cell: duration },
      AGE,
      { name: 'Containers', priority: 1, cell: ({ spec }: Job) => namesOf(spec.template.spec.containers) },
      {
        name: 'Images',
        priority: 1,
        cell: ({ spec }: Job) => spec.template.spec.containers.map(({ image }) => image).join(','),
      },
      { name: 'Selector', priority: 1, cell: ({ spec }: Job) => labelText(spec.selector.matchLabels) },
    ],
  ],
  [
    PODS,
    [
      NAME,
      {
        name: 'Ready',
        cell: ({ spec, status }: Pod) =>
          `${statuses(status).filter(({ ready }) => ready).length}/${spec.containers.length}`,
      },
      { name: 'Status', cell: podReason },
      {
        name: 'Restarts',
        cell: ({ status }: Pod) => String(statuses(status).reduce((sum, each) => sum + each.restartCount, 0)),
      },
      AGE,
      { name: 'IP', priority: 1, cell: ({ status }: Pod) => status.podIP ?? '<none>' },
      { name: 'Node', priority: 1, cell: ({ spec }: Pod) => spec.nodeName ?? '<none>' },
      { name: 'Nominated Node', priority: 1, cell: () => '<none>' },
      { name: 'Readiness Gates', priority: 1, cell: () => '<none>' },
    ],
  ],
  [
    EVENTS,
    [
      { name: 'Last Seen', cell: ({ lastTimestamp }: EventObject) => ageOf(lastTimestamp) },
      { name: 'Type', cell: ({ type }: EventObject) => type },
      { name: 'Reason', cell: ({ reason }: EventObject) => reason },
      { name: 'Object', cell: ({ involvedObject: { kind, name } }: EventObject) => `${kind.toLowerCase()}/${name}` },
      { name: 'Subobject', priority: 1, cell: ({ involvedObject }: EventObject) => involvedObject.fieldPath ?? '' },
      { name: 'Source', priority: 1, cell: ({ source }: EventObject) => source?.component ?? '' },
      { name: 'Message', cell: ({ message }: EventObject) => message.trim() },
      { name: 'First Seen', priority: 1, cell: ({ firstTimestamp }: EventObject) => ageOf(firstTimestamp) },
      { name: 'Count', priority: 1, cell: ({ count }: EventObject) => String(count) },
      { ...NAME, priority: 1 },
    ],
  ],
  [SECRETS, [NAME, { name: 'Type', cell: ({ type }: Secret) => type ?? '' }, { name: 'Data', cell: countData }, AGE]],
  [CONFIG_MAPS, [NAME, { name: 'Data', cell: countData }, AGE]],
  [SERVICE_ACCOUNTS, [NAME, { name: 'Secrets', cell: () => 0 }, AGE]],
  [NAMESPACES, [NAME, { name: 'Status', cell: ({ status }: KubeObject) => (status as { phase: string }).phase }, AGE]],
])

interface EventObject extends KubeObject {
  readonly lastTimestamp: string
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly fieldPath?: string }
  readonly source?: { readonly component?: string }
  readonly firstTimestamp: string
  readonly count: number
}

/** What a row brings along of its object. */
export type RowObject = 'None' | 'Metadata' | 'Object'

/** Whether a client prefers rows to print: kubectl does. */
export function wantsTable(accept: string | undefined): boolean {
  return accept?.split(',')[0]?.includes('as=Table') ?? false
}

export function rowObjectOf(query: URLSearchParams): RowObject {
  const wanted = query.get('includeObject')
  return wanted === 'None' || wanted === 'Object' ? wanted : 'Metadata'
}

/** Objects as the rows of a `meta.k8s.io/v1` Table. `metadata` is that of the list, or of the one object. */
export function tableOf(
  type: ResourceType,
  objects: readonly KubeObject[],
  metadata: object,
  include: RowObject = 'Metadata',
): unknown {
  const columns = COLUMNS.get(type) ?? [NAME, AGE]
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(({ name, priority = 0 }) => ({
      name,
      type: 'string',
      format: name === 'Name' ? 'name' : '',
      description: '',
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object as never)),
      object: rowObject(type, object, include),
    })),
  }
}

function rowObject(type: ResourceType, object: KubeObject, include: RowObject): unknown {
  if (include === 'None') return null
  if (include === 'Object') return { ...object, kind: type.kind, apiVersion: groupVersion(type) }
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}

function countData({ data, binaryData }: ConfigMap): number {
  return Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length
}

function jobStatus({ metadata, status }: Job): string {
  for (const type of ['Complete', 'Failed', 'Suspended', 'FailureTarget', 'SuccessCriteriaMet']) {
    if (status.conditions?.some((condition) => condition.type === type && condition.status === 'True')) return type
  }
  return metadata.deletionTimestamp === undefined ? 'Running' : 'Terminating'
}

function completions({ spec, status }: Job): string {
  const done = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${done}/${spec.completions}`
  return spec.parallelism > 1 ? `${done}/1 of ${spec.parallelism}` : `${done}/1`
}

function duration({ status }: Job): string {
  if (status.startTime === undefined) return ''
  const end = status.completionTime === undefined ? Date.now() : Date.parse(status.completionTime)
  return durationText(end - Date.parse(status.startTime))
}

function podReason({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  const telling = [...(status.initContainerStatuses ?? []), ...statuses(status)].flatMap(({ state }) => {
    const reason = state.waiting?.reason ?? state.terminated?.reason
    return reason === undefined ? [] : [reason]
  })
  return telling.at(-1) ?? status.reason ?? status.phase
}

function statuses(status: Pod['status']): readonly ContainerStatus[] {
  return status.containerStatuses ?? []
}

function namesOf(containers: readonly { readonly name: string }[]): string {
  return containers.map(({ name }) => name).join(',')
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

function ageOf(time: string): string {
  return durationText(Date.now() - Date.parse(time))
}

/** The largest one or two units, as kubectl prints an age: 5s, 3m20s, 4h10m, 2d. */
function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (hours < 3) return `${minutes}m`
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`
}
