/**
 * The `KubeConfig` of `@kubernetes/client-node` that leads to the local cluster, by its methods. Its own type would need the types
 * of client-node and of all that it imports, which older compilers refuse. A function of client-node that takes
 * a `KubeConfig` and nothing like it, such as `new Watch(…)`, gets one by `loadFromFile(cluster.kubeconfigPath)`.
 */
export interface LocalKubeConfig {
  getCurrentContext(): string
  getContextObject(name: string): LocalContext | null
  getCurrentCluster(): LocalClusterEntry | null
  getCurrentUser(): LocalUser | null
  /** Makes a client of client-node's, such as `BatchV1Api`. */
  // biome-ignore lint/suspicious/noExplicitAny: the configuration is client-node's own, whose type would pull in all others.
  makeApiClient<Client extends object>(client: new (configuration: any) => Client): Client
  /** Gives the request its token and the connections that trust the cluster's certificate. */
  applySecurityAuthentication(context: {
    setHeaderParam(name: string, value: string): void
    setDispatcher(dispatcher: {
      request(options: { readonly method: string; readonly path: string }): Promise<object>
      close(): Promise<void>
    }): void
  }): Promise<void>
  /** The kubeconfig as text, with the token. */
  exportConfig(): string
}

/** The context that the kubeconfig names. */
export interface LocalContext {
  readonly name: string
  readonly cluster: string
  readonly user: string
  readonly namespace?: string
}

/** The address of the cluster and its certificate, in base64. */
export interface LocalClusterEntry {
  readonly name: string
  readonly server: string
  readonly caData?: string
  readonly skipTLSVerify: boolean
}

/** The user that has all rights. */
export interface LocalUser {
  readonly name: string
  readonly token?: string
}
