/** Opens watches of Jobs, each on a connection of its own, says so, and holds them until standard input ends: `node open-watches.ts KUBECONFIG WATCHES`. */
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'

const [, , kubeconfig = '', watches = '1000'] = process.argv
const config = new KubeConfig()
config.loadFromFile(kubeconfig)
const options = { agent: new Agent({ maxSockets: Number.POSITIVE_INFINITY }), method: 'GET' }
await config.applyToHTTPSOptions(options)
const url = `${config.getCurrentCluster()?.server}/apis/batch/v1/namespaces/default/jobs?watch=true`
const open = async (): Promise<void> => {
  const asked = request(url, options).end()
  const [answer] = await once(asked, 'response')
  if (answer.statusCode !== 200) throw new Error(`a watch was answered with ${answer.statusCode}`)
  answer.resume()
}
for (let opened = 0; opened < Number(watches); opened += 50) await Promise.all(Array.from({ length: 50 }, open))
process.stdout.write('open\n')
process.stdin.resume()
process.stdin.on('end', () => process.exit())
