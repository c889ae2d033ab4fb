/** Runs the service on this machine: finds or starts a RabbitMQ, and starts a local cluster whose pods are processes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findBroker } from '@internal/testing'
import { startLocalCluster } from '@podqueue/k8s/local'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const announce = (line: string): void => void process.stdout.write(`broker: ${line}\n`)

// Both end by the service's end: a signal from the terminal goes to the whole group.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => service?.kill('SIGTERM'))
await using broker = await findBroker({ announce })
announce(broker.description)
await using cluster = await startLocalCluster({ images: { 'podqueue-words': [process.execPath, here('worker.ts')] } })
const service = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', here('service.ts')], {
  env: { WORK_MS: '500', ...process.env, BROKER_URL: broker.url, KUBECONFIG: cluster.kubeconfigPath },
  stdio: 'inherit',
})
const [code] = await once(service, 'exit')
process.exitCode = code ?? 1
