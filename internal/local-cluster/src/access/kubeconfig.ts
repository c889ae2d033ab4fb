import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const NAME = 'podqueue-local'

/** Writes a kubeconfig that nobody else can read, and returns its path. JSON is YAML too. */
export async function writeKubeconfig(folder: string, url: string, cert: string, token: string): Promise<string> {
  const certificate = Buffer.from(cert).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: NAME, cluster: { server: url, 'certificate-authority-data': certificate } }],
    users: [{ name: NAME, user: { token } }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, namespace: 'default' } }],
    'current-context': NAME,
  }
  const path = join(folder, 'kubeconfig')
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
  return path
}
