/** The local cluster of `@podqueue/k8s/local`, bundled into that package. It imports nothing else of it. */

export type { LocalClusterEntry, LocalContext, LocalKubeConfig, LocalUser } from './access/local-kube-config.ts'
export type { LocalFault } from './faults/faults.ts'
export type { LocalImage } from './kubelet/image.ts'
export { LocalClusterError } from './local-cluster-error.ts'
export type { LocalClusterOptions } from './options/local-cluster-options.ts'
export { type LocalCluster, startLocalCluster } from './start-local-cluster.ts'
