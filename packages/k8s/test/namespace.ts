import { randomBytes } from 'node:crypto'
import { BatchV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node'

/** A namespace of a test's own on the cluster of KUBECONFIG, deleted when the test leaves its scope. */
export interface TestNamespace extends AsyncDisposable {
  readonly name: string
  readonly kubeConfig: KubeConfig
  readonly core: CoreV1Api
  readonly batch: BatchV1Api
}

export async function createNamespace(labels: Record<string, string> = {}): Promise<TestNamespace> {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromDefault()
  const core = kubeConfig.makeApiClient(CoreV1Api)
  const name = `podqueue-test-${randomBytes(4).toString('hex')}`
  await core.createNamespace({ body: { metadata: { name, labels } } })
  return {
    name,
    kubeConfig,
    core,
    batch: kubeConfig.makeApiClient(BatchV1Api),
    [Symbol.asyncDispose]: async () => {
      await core.deleteNamespace({ name })
    },
  }
}
