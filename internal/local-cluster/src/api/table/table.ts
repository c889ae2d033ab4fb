import type { KubeObject } from '../../objects/objects.ts'
import { groupVersion, type ResourceType } from '../../store/resource-types.ts'
import { columnsOf } from './columns.ts'

/** The part of its object that a row brings along. */
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
  const columns = columnsOf(type)
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
