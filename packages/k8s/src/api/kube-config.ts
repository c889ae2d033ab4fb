import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'
import { K8sError } from '../errors.ts'

/**
 * The part of `@kubernetes/client-node`'s `KubeConfig` that is used: one of those fits, also of another copy of the library.
 */
export interface KubeConfigLike {
  getCurrentContext(): string
  getContextObject(name: string): { readonly namespace?: string | undefined } | null
  getCurrentCluster(): { readonly server: string } | null
  applySecurityAuthentication(context: SecurityContextLike): Promise<void>
}

/** What a `KubeConfigLike` sets credentials and certificates on. */
export interface SecurityContextLike {
  setHeaderParam(name: string, value: string): void
  setDispatcher(dispatcher: Dispatcher): void
}

/**
 * Finds the kubeconfig as kubectl does: `KUBECONFIG`, `~/.kube/config`, the service account of the pod this runs in.
 *
 * @throws {K8sError} `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`.
 */
export async function loadKubeConfig(): Promise<KubeConfigLike> {
  // Half a second and 90 MB: only for who needs it.
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    const [first, ...rest] = filesOfEnvironment()
    if (first === undefined) config.loadFromDefault()
    else config.loadFromFile(first)
    for (const file of rest) {
      const further = new KubeConfig()
      further.loadFromFile(file)
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
  // The name client-node gives its last resort, http://localhost:8080: an answer from there would be some other server's.
  if (config.getCurrentContext() === 'loaded-context') throw kubeConfigMissing()
  return config
}

/** The files of `KUBECONFIG` that exist; those that do not are passed over, as by kubectl, unless none does. */
function filesOfEnvironment(): string[] {
  const named = (process.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  const found = named.filter((file) => existsSync(file))
  if (named.length > 0 && found.length === 0) throw kubeConfigMissing()
  return found
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
  return ['KUBECONFIG (not set)', join(homedir(), '.kube', 'config'), service]
}

// A YAML error goes on with the lines around it, which may hold a token.
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1).join('')
}
