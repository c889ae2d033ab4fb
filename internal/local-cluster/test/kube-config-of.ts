import { KubeConfig } from '@kubernetes/client-node'
import type { LocalCluster } from '../src/index.ts'

/** The kubeconfig as a user gives it to what takes client-node's own class. */
export function kubeConfigOf({ kubeconfigPath }: LocalCluster): KubeConfig {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(kubeconfigPath)
  return kubeConfig
}
