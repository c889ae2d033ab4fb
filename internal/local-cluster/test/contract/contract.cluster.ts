import { KubeConfig } from '@kubernetes/client-node'
import { holdContract } from './contract.ts'
import { ContractCluster } from './contract-cluster.ts'

holdContract(async () => {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromDefault()
  return await ContractCluster.open(kubeConfig)
})
