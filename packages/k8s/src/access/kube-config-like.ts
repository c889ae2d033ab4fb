import type { Dispatcher } from 'undici'

/**
 * The part of `KubeConfig` of `@kubernetes/client-node` that podqueue needs. A `KubeConfig` fits, also one of another copy of the
 * library.
 */
export interface KubeConfigLike {
  getCurrentContext(): string
  getContextObject(name: string): { readonly namespace?: string | undefined } | null
  getCurrentCluster(): { readonly server: string } | null
  applySecurityAuthentication(context: SecurityContextLike): Promise<void>
}

/** Takes the credentials and the connections of a {@link KubeConfigLike}. */
export interface SecurityContextLike {
  setHeaderParam(name: string, value: string): void
  setDispatcher(dispatcher: Dispatcher): void
}
