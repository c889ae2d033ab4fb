/** Prints the memory of the process of a local cluster, MiB of RSS, with no watch and with `WATCHES` of them: `node watches.ts WATCHES`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startLocalCluster } from '@podqueue/k8s/local'

const MIB = 2 ** 20
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {})
const rssMiB = (): number => {
  collect()
  return process.memoryUsage().rss / MIB
}

await using cluster = await startLocalCluster()
const before = rssMiB()
const client = spawn(
  process.execPath,
  [fileURLToPath(new URL('open-watches.ts', import.meta.url)), cluster.kubeconfigPath, process.argv[2] ?? '1000'],
  { stdio: ['pipe', 'pipe', 'inherit'] },
)
await once(createInterface(client.stdout), 'line')
const after = rssMiB()
client.stdin.end()
await once(client, 'exit')
process.stdout.write(`${JSON.stringify({ before, after })}\n`)
