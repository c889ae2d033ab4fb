import type { ContractCluster } from '../contract-cluster.ts'

/** What a Job author relies on, by its name, and how a cluster shows it. */
export type Behaviours = Readonly<Record<string, (cluster: ContractCluster) => Promise<void>>>
