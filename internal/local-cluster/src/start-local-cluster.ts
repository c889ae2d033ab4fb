import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeThrown } from '@internal/errors'
import { otherRuntime } from '@internal/node-version/other-runtime'
import { createCertificate } from './access/certificate.ts'
import { writeKubeconfig } from './access/kubeconfig.ts'
import type { LocalKubeConfig } from './access/local-kube-config.ts'
import { prepareNew } from './admission/prepare.ts'
import { ApiServer } from './api/api-server.ts'
import { VERSION } from './api/discovery/discovery.ts'
import { GarbageCollector } from './deletion/garbage-collector.ts'
import { EventRecorder } from './events/event-recorder.ts'
import { Faults } from './faults/faults.ts'
import { JobController } from './job-controller/job-controller.ts'
import { inheritedEnvironment } from './kubelet/inherited-environment.ts'
import { Kubelet } from './kubelet/kubelet.ts'
import { LocalClusterError } from './local-cluster-error.ts'
import { keepNamespaceObjects } from './namespaces/namespace-objects.ts'
import { localNode } from './node/local-node.ts'
import { type LocalClusterOptions, resolveLocalClusterOptions } from './options/local-cluster-options.ts'
import { Scheduler } from './scheduler/scheduler.ts'
import { NAMESPACES, NODES } from './store/resource-types.ts'
import { Store } from './store/store.ts'
import { Supervisor } from './supervisor/supervisor-client.ts'

/** A running local cluster. */
export interface LocalCluster extends AsyncDisposable {
  /** `https://127.0.0.1:<port>`. */
  readonly url: string
  /** A `KubeConfig` of `@kubernetes/client-node`, for its clients and for the options of this package: namespace `default`, all rights. */
  readonly kubeConfig: LocalKubeConfig
  /** A file for kubectl and other programs, readable by this user only. It holds the token; `close` removes it. */
  readonly kubeconfigPath: string
  /** Ends every pod's processes and every connection, and removes the cluster's files. A second call waits for the first. */
  close(): Promise<void>
}

/**
 * Starts a small Kubernetes for Jobs on this machine: the part of its API that Jobs need, over HTTPS on loopback, the Job
 * controller's rules, and pods as plain child processes. For laptops, demos and tests: containers are not isolated, and
 * resources, security contexts and volumes other than emptyDir, hostPath, Secret and ConfigMap have no effect (an event on the pod says so).
 *
 * The processes end with the cluster, however that ends: also when this process is killed.
 *
 * @throws {LocalClusterError} `INVALID_OPTIONS`, `LOCAL_CLUSTER_FAILED`, `UNSUPPORTED_RUNTIME`
 */
export async function startLocalCluster(options: LocalClusterOptions = {}): Promise<LocalCluster> {
  requireNode()
  const { images, strictImages, backoffScale, cwd, inheritEnv, faults } = resolveLocalClusterOptions(options)
  const cleanUp: (() => unknown)[] = []
  try {
    // 0700 by itself, and short enough for a socket's path.
    const folder = await mkdtemp(join(tmpdir(), 'podqueue-'))
    cleanUp.push(() => rm(folder, { recursive: true, force: true }))
    const client = await import('@kubernetes/client-node')
    const certificate = await createCertificate()
    const token = randomBytes(32).toString('base64url')
    const supervisor = await Supervisor.start(folder, randomUUID())
    cleanUp.push(() => supervisor[Symbol.asyncDispose]())
    const store = new Store()
    const events = new EventRecorder(store)
    const inherited = inheritedEnvironment(inheritEnv, process.env)
    const around = { store, events, supervisor, images, strictImages, backoffScale, cwd, folder, inherited }
    const kubelet = new Kubelet(around)
    const parts = [
      kubelet,
      new Scheduler(store, events),
      new GarbageCollector(store),
      new JobController(store, events, backoffScale),
    ]
    for (const part of parts) cleanUp.push(() => part[Symbol.dispose]())
    cleanUp.push(keepNamespaceObjects(store, certificate.cert))
    store.create(NODES, localNode(VERSION.gitVersion))
    store.create(NAMESPACES, prepareNew(NAMESPACES, { metadata: { name: 'default' } }, undefined))
    const server = await ApiServer.start({
      store,
      kubelet,
      certificate,
      token,
      folder,
      models: client,
      faults: new Faults(faults),
    })
    cleanUp.push(() => server[Symbol.asyncDispose]())
    const kubeconfigPath = await writeKubeconfig(folder, server.url, certificate.cert, token)
    const kubeConfig = new client.KubeConfig()
    kubeConfig.loadFromFile(kubeconfigPath)
    const { url } = server
    let closing: Promise<void> | undefined
    const close = () => {
      closing ??= undo(cleanUp)
      return closing
    }
    return { url, kubeConfig, kubeconfigPath, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await undo(cleanUp)
    if (error instanceof LocalClusterError) throw error
    throw new LocalClusterError({
      code: 'LOCAL_CLUSTER_FAILED',
      message: `the local cluster could not be started: ${describeThrown(error)}`,
      hint: 'It needs a writable temporary folder (TMPDIR), a free port on 127.0.0.1 and the program mkfifo.',
      cause: error,
    })
  }
}

/** Bun and Deno open the pipes of a pod's output, and talk to a child process, in ways of their own: its pods would not start. */
function requireNode(): void {
  const runtime = otherRuntime()
  if (runtime === undefined) return
  throw new LocalClusterError({
    code: 'UNSUPPORTED_RUNTIME',
    message: `the local cluster cannot run under ${runtime}`,
    hint: 'Start it in a program that Node runs. Others reach it by its kubeconfigPath.',
    details: { runtime },
  })
}

/** The last that was done first. */
async function undo(steps: readonly (() => unknown)[]): Promise<void> {
  for (const step of steps.toReversed()) await step()
}
