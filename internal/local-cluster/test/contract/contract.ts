import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import { admission } from './behaviours/admission.ts'
import type { Behaviours } from './behaviours/behaviours.ts'
import { completions } from './behaviours/completions.ts'
import { containers } from './behaviours/containers.ts'
import { deletion } from './behaviours/deletion.ts'
import { disruption } from './behaviours/disruption.ts'
import { environment } from './behaviours/environment.ts'
import { failures } from './behaviours/failures.ts'
import { indexes } from './behaviours/indexes.ts'
import { logs } from './behaviours/logs.ts'
import { objects } from './behaviours/objects.ts'
import { ownership } from './behaviours/ownership.ts'
import { protobuf } from './behaviours/protobuf.ts'
import { requests } from './behaviours/requests.ts'
import { scheduling } from './behaviours/scheduling.ts'
import { sidecars } from './behaviours/sidecars.ts'
import { suspension } from './behaviours/suspension.ts'
import { tables } from './behaviours/tables.ts'
import { watches } from './behaviours/watches.ts'
import type { ContractCluster } from './contract-cluster.ts'

/** Everything that a Job author relies on. */
export const CONTRACT: Readonly<Record<string, Behaviours>> = {
  'a Job': completions,
  'an Indexed Job': indexes,
  'a Job that fails': failures,
  'a Job on hold:': suspension,
  'a Job and its pods: it': ownership,
  'the deletion': deletion,
  'a pod': { ...scheduling, ...disruption },
  'a container': containers,
  'a sidecar': sidecars,
  "a container's environment": environment,
  'a log': logs,
  'a Job that is sent': admission,
  'an object': objects,
  'a watch': watches,
  'a request': requests,
  'a request in protobuf': protobuf,
  'kubectl prints': tables,
}

/** Tests that a cluster keeps the contract. */
export function holdContract(open: () => Promise<ContractCluster>): void {
  vi.setConfig({ maxConcurrency: 24 })
  let cluster: ContractCluster
  beforeAll(async () => {
    cluster = await open()
  })
  afterAll(() => cluster?.[Symbol.asyncDispose]())
  for (const [title, behaviours] of Object.entries(CONTRACT)) {
    describe.concurrent(title, () => {
      for (const [name, hold] of Object.entries(behaviours)) test(name, () => hold(cluster))
    })
  }
}
