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
  setDispatcher(dispatcher: DispatcherLike): void
}

/**
 * A `Dispatcher` of undici, such as its `Agent`, of any version. Its type is written out here, so that an app compiles without the
 * types of undici.
 */
export interface DispatcherLike {
  request(options: { readonly method: string; readonly path: string }): Promise<object>
  close(): Promise<void>
}
