import { randomUUID } from 'node:crypto'
import { availableParallelism, release, totalmem } from 'node:os'
import { type KubeObject, kubeTime } from '../objects/objects.ts'
import { NODE_NAME } from '../scheduler/scheduler.ts'

/** Nothing limits the pods of the local cluster. The field takes a number. */
const MANY_PODS = '10000'

/** The node of the cluster: this machine. */
export function localNode(kubeletVersion: string): KubeObject {
  const now = kubeTime(Date.now())
  const labels = {
    'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
    'kubernetes.io/hostname': NODE_NAME,
    'kubernetes.io/os': process.platform,
  }
  const resources = {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: MANY_PODS,
  }
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason,
    message,
  })
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: NODE_NAME, uid: randomUUID(), resourceVersion: '', creationTimestamp: now, labels },
    spec: {},
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
      ],
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: NODE_NAME },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      nodeInfo: {
        machineID: '',
        systemUUID: '',
        bootID: '',
        kernelVersion: release(),
        osImage: process.platform,
        containerRuntimeVersion: 'processes://0',
        kubeletVersion,
        kubeProxyVersion: '',
        operatingSystem: process.platform,
        architecture: labels['kubernetes.io/arch'],
      },
    },
  }
}
