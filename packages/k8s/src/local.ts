/**
 * A small Kubernetes for Jobs on this machine, for laptops, demos and tests. It is not isolated and not for production;
 * where it differs from a real cluster, the real one is right.
 *
 * @module
 */

import '@internal/node-version'

export {
  type LocalCluster,
  type LocalClusterEntry,
  LocalClusterError,
  type LocalClusterOptions,
  type LocalContext,
  type LocalFault,
  type LocalImage,
  type LocalKubeConfig,
  type LocalUser,
  startLocalCluster,
} from '@internal/local-cluster'
