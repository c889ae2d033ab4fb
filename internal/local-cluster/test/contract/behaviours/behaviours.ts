import type { ContractCluster } from '../contract-cluster.ts'

/** The behaviours that a Job author relies on, by name, and how a cluster shows each. */
export type Behaviours = Readonly<Record<string, (cluster: ContractCluster) => Promise<void>>>
