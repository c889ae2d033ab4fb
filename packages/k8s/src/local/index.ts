/**
 * A small Kubernetes for Jobs on this machine, for laptops, demos and tests. It is not isolated and not for production;
 * where it differs from a real cluster, the real one is right.
 */

export type { LocalFault } from './faults.ts'
export type { LocalClusterOptions } from './local-cluster-options.ts'
export type { LocalCluster } from './start-local-cluster.ts'
export { startLocalCluster } from './start-local-cluster.ts'
