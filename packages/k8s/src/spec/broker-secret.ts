import type { V1Secret } from '@kubernetes/client-node'
import type { JobSpec } from './job-spec.ts'
import { MANAGED_BY } from './managed-by.ts'

const KEY = 'url'

/** Where the container's BROKER_URL comes from. */
export function brokerSecretRef(spec: JobSpec, secretName?: string): { name: string; key: string } {
  if ('urlFrom' in spec.queue) return { name: spec.queue.urlFrom.secret, key: spec.queue.urlFrom.key }
  return { name: secretName ?? `${spec.name}-broker`, key: KEY }
}

/** The Secret that holds a spec's address; undefined when the address is in one that is already there. */
export function brokerSecret(
  spec: JobSpec,
  { name, owner }: { readonly name?: string; readonly owner?: { readonly name: string; readonly uid: string } } = {},
): V1Secret | undefined {
  if (!('podUrl' in spec.queue)) return undefined
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: brokerSecretRef(spec, name).name,
      ...(spec.namespace === undefined ? {} : { namespace: spec.namespace }),
      labels: { [MANAGED_BY.label]: MANAGED_BY.value },
      // Goes with its Job, by the garbage collector: to delete the Job, no right on Secrets is needed.
      ...(owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', ...owner }] }),
    },
    type: 'Opaque',
    immutable: true,
    data: { [KEY]: Buffer.from(spec.queue.podUrl).toString('base64') },
  }
}
