import { startLocalCluster } from '../../src/index.ts'
import { kubeConfigOf } from '../kube-config-of.ts'
import { holdContract } from './contract.ts'
import { ContractCluster } from './contract-cluster.ts'

holdContract(async () => {
  const local = await startLocalCluster({ backoffScale: 0.001 })
  return await ContractCluster.open(kubeConfigOf(local), local)
})
