import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { load } from 'js-yaml'
import { K8sError } from '../errors.ts'
import { completeUsers } from './complete-users.ts'

/**
 * Finds the kubeconfig as kubectl does: `KUBECONFIG`, `~/.kube/config`, the service account of the pod that this runs in.
 *
 * @throws {K8sError} `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`.
 */
export async function findKubeConfig(): Promise<KubeConfig> {
  // client-node takes half a second and 90 MB: it loads only for programs that need it.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    const [first, ...rest] = kubeConfigFiles()
    if (first === undefined) config.loadFromDefault()
    else loadFile(config, first)
    for (const file of rest) {
      const further = new KubeConfig()
      loadFile(further, file)
      addMissing(config, further)
    }
  } catch (cause) {
    if (cause instanceof K8sError) throw cause
    throw new K8sError({
      code: 'KUBECONFIG_INVALID',
      message: `The kubeconfig cannot be read: ${firstLine(cause)}`,
      hint: `Try \`kubectl config view\`. Looked at: ${placesTried().join(', ')}.`,
      // No cause: a YAML error holds the file, and with it tokens.
    })
  }
  // client-node's last resort is http://localhost:8080 under this name. An answer from there would be some other server's.
  if (config.getCurrentContext() === 'loaded-context') throw kubeConfigMissing()
  return config
}

/** The files that are read: those of `KUBECONFIG` that exist, as kubectl passes over the others, else the one in the home folder. */
function kubeConfigFiles(): string[] {
  const named = (process.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  const found = named.filter((file) => existsSync(file))
  if (named.length > 0 && found.length === 0) throw kubeConfigMissing()
  if (found.length > 0) return found
  const home = homeFile()
  return existsSync(home) ? [home] : []
}

/**
 * Loads one file. client-node throws at an empty file, which kubectl takes for a kubeconfig without entries, and does not read
 * `tokenFile`, `as-groups` and their like: {@link completeUsers} gives it those in a form that it knows.
 */
function loadFile(config: KubeConfig, file: string): void {
  const folder = dirname(file)
  const text = readFileSync(file, 'utf8')
  // js-yaml throws at a text without a document.
  const parsed: unknown = text.replace(/^\s*#.*$/gm, '').trim() === '' ? {} : load(text)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error(`${file} holds no kubeconfig`)
  const { document, extras } = completeUsers(parsed, (path) => (isAbsolute(path) ? path : join(folder, path)))
  config.loadFromString(JSON.stringify(document))
  config.makePathsAbsolute(folder)
  config.users = config.users.map((user) => ({ ...user, ...extras.get(user.name) }))
}

/** Joins two kubeconfigs as kubectl does: of two entries with one name, and of two current contexts, the first counts. */
function addMissing(config: KubeConfig, further: KubeConfig): void {
  config.clusters = [...config.clusters, ...without(further.clusters, config.clusters)]
  config.users = [...config.users, ...without(further.users, config.users)]
  config.contexts = [...config.contexts, ...without(further.contexts, config.contexts)]
  if (!config.currentContext) config.setCurrentContext(further.getCurrentContext())
}

function without<Entry extends { readonly name: string }>(entries: Entry[], taken: readonly Entry[]): Entry[] {
  const names = new Set(taken.map(({ name }) => name))
  return entries.filter(({ name }) => !names.has(name))
}

function kubeConfigMissing(): K8sError {
  const tried = placesTried()
  return new K8sError({
    code: 'KUBECONFIG_MISSING',
    message: `No kubeconfig was found. Tried: ${tried.join(', ')}.`,
    hint: 'Set KUBECONFIG to the path of one, pass `kubeConfig`, or start a cluster on this machine with startLocalCluster.',
    details: { tried },
  })
}

function placesTried(): string[] {
  const { KUBECONFIG } = process.env
  if (KUBECONFIG) return KUBECONFIG.split(delimiter).map((file) => `${file} (from KUBECONFIG)`)
  const service = 'the service account of a pod (/var/run/secrets/kubernetes.io/serviceaccount)'
  return ['KUBECONFIG (not set)', homeFile(), service]
}

function homeFile(): string {
  return join(homedir(), '.kube', 'config')
}

// A YAML error goes on with the lines around it, which may hold a token.
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1).join('')
}
