import type { ConfigMap, Container, Job, KubeObject, Pod, Secret } from '../../objects/objects.ts'
import {
  CONFIG_MAPS,
  EVENTS,
  JOBS,
  NAMESPACES,
  NODES,
  PODS,
  type ResourceType,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../store/resource-types.ts'
import { ageOf } from './duration.ts'
import { jobCompletions, jobDuration, jobStatus } from './job-row.ts'
import { podRow } from './pod-row.ts'

/** A column as `kubectl get` shows it. One of priority 1 is for `-o wide` only. */
export interface Column {
  readonly name: string
  readonly priority?: number
  readonly cell: (object: never) => string | number
}

/** The fields of an event that are printed. A client may have made it without them. */
interface PrintedEvent extends KubeObject {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly involvedObject?: { readonly kind?: string; readonly name?: string; readonly fieldPath?: string }
  readonly source?: { readonly component?: string }
  readonly reportingComponent?: string
  readonly firstTimestamp?: string | null
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly count?: number
}

interface PrintedNode extends KubeObject {
  readonly status: {
    readonly nodeInfo: Readonly<Record<string, string>>
    readonly addresses: readonly { readonly type: string; readonly address: string }[]
  }
}

const NONE = '<none>'
const NAME: Column = { name: 'Name', cell: ({ metadata }: KubeObject) => metadata.name }
const AGE: Column = { name: 'Age', cell: ({ metadata }: KubeObject) => ageOf(metadata.creationTimestamp) }

const COLUMNS = new Map<ResourceType, readonly Column[]>([
  [
    JOBS,
    [
      NAME,
      { name: 'Status', cell: jobStatus },
      { name: 'Completions', cell: jobCompletions },
      { name: 'Duration', cell: jobDuration },
      AGE,
      wide('Containers', ({ spec }: Job) => joined(spec.template.spec.containers, ({ name }) => name)),
      wide('Images', ({ spec }: Job) => joined(spec.template.spec.containers, ({ image }) => image)),
      wide('Selector', ({ spec }: Job) => labelText(spec.selector?.matchLabels ?? {})),
    ],
  ],
  [
    PODS,
    [
      NAME,
      { name: 'Ready', cell: (pod: Pod) => podRow(pod).ready },
      { name: 'Status', cell: (pod: Pod) => podRow(pod).status },
      { name: 'Restarts', cell: (pod: Pod) => podRow(pod).restarts },
      AGE,
      wide('IP', ({ status }: Pod) => status.podIP ?? NONE),
      wide('Node', ({ spec }: Pod) => spec.nodeName ?? NONE),
      wide('Nominated Node', () => NONE),
      wide('Readiness Gates', () => NONE),
    ],
  ],
  [
    EVENTS,
    [
      { name: 'Last Seen', cell: (event: PrintedEvent) => ageOf(event.lastTimestamp ?? firstSeen(event)) },
      { name: 'Type', cell: ({ type = '' }: PrintedEvent) => type },
      { name: 'Reason', cell: ({ reason = '' }: PrintedEvent) => reason },
      { name: 'Object', cell: ({ involvedObject: { kind = '', name } = {} }: PrintedEvent) => objectText(kind, name) },
      wide('Subobject', ({ involvedObject }: PrintedEvent) => involvedObject?.fieldPath ?? ''),
      wide('Source', ({ source, reportingComponent }: PrintedEvent) => source?.component ?? reportingComponent ?? ''),
      { name: 'Message', cell: ({ message = '' }: PrintedEvent) => message.trim() },
      wide('First Seen', (event: PrintedEvent) => ageOf(firstSeen(event))),
      wide('Count', ({ count }: PrintedEvent) => String(count || 1)),
      { ...NAME, priority: 1 },
    ],
  ],
  [
    NODES,
    [
      NAME,
      { name: 'Status', cell: () => 'Ready' },
      { name: 'Roles', cell: () => NONE },
      AGE,
      { name: 'Version', cell: ({ status }: PrintedNode) => status.nodeInfo.kubeletVersion ?? '' },
      wide('Internal-IP', ({ status }: PrintedNode) => status.addresses[0]?.address ?? NONE),
      wide('External-IP', () => NONE),
      wide('OS-Image', ({ status }: PrintedNode) => status.nodeInfo.osImage ?? ''),
      wide('Kernel-Version', ({ status }: PrintedNode) => status.nodeInfo.kernelVersion ?? ''),
      wide('Container-Runtime', ({ status }: PrintedNode) => status.nodeInfo.containerRuntimeVersion ?? ''),
    ],
  ],
  [SECRETS, [NAME, { name: 'Type', cell: ({ type }: Secret) => type ?? '' }, { name: 'Data', cell: countData }, AGE]],
  [CONFIG_MAPS, [NAME, { name: 'Data', cell: countData }, AGE]],
  [SERVICE_ACCOUNTS, [NAME, { name: 'Secrets', cell: () => 0 }, AGE]],
  [NAMESPACES, [NAME, { name: 'Status', cell: ({ status }: KubeObject) => (status as { phase: string }).phase }, AGE]],
])

export function columnsOf(type: ResourceType): readonly Column[] {
  return COLUMNS.get(type) ?? [NAME, AGE]
}

function wide(name: string, cell: (object: never) => string | number): Column {
  return { name, priority: 1, cell }
}

function firstSeen({ firstTimestamp, eventTime }: PrintedEvent): string | null | undefined {
  return firstTimestamp ?? eventTime
}

function objectText(kind: string, name: string | undefined): string {
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()
}

function countData({ data, binaryData }: ConfigMap): number {
  return Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length
}

function joined(containers: readonly Container[], text: (container: Container) => string): string {
  return containers.map(text).join(',')
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}
