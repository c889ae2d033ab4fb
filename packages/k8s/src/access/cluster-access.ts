import type { KubeConfig } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'
import { K8sError } from '../errors.ts'
import type { UserExtras } from './complete-users.ts'
import { openConnections, type TlsOptions } from './connections.ts'
import { findKubeConfig } from './find-kube-config.ts'
import type { KubeConfigLike } from './kube-config-like.ts'
import { type LoginCommand, LoginPlugin } from './login-plugin.ts'
import { OwnSecrets } from './own-secrets.ts'
import { proxyFor } from './proxy.ts'
import { requireHttpClient } from './require-http-client.ts'

export type Headers = Record<string, string | string[]>

/** The way to the API server of a kubeconfig: its address, the credentials and the connections. */
export interface ClusterAccess {
  readonly server: URL
  /** The namespace of the kubeconfig's context; `default` when it names none. */
  readonly namespace: string
  /** The credentials that were used, to be kept out of texts. */
  readonly secrets: OwnSecrets
  /** The headers of a request, fresh for each one since tokens expire, and the connections, which last. */
  authorize(): Promise<{ readonly headers: Headers; readonly dispatcher: Dispatcher }>
  /** Makes the next request take new credentials and new connections, as after a 401. */
  renew(): void
  /** Ends the connections when what is under way on them is done. */
  close(): Promise<void>
}

/** @throws {K8sError} `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`, `UNSUPPORTED_RUNTIME` */
export async function accessTo(given: KubeConfigLike | undefined): Promise<ClusterAccess> {
  await requireHttpClient()
  const config = given ?? (await findKubeConfig())
  const server = URL.parse(config.getCurrentCluster()?.server ?? '')
  if (server === null || !/^https?:$/.test(server.protocol)) {
    throw new K8sError({
      code: 'KUBECONFIG_INVALID',
      message: `The kubeconfig's current context (${config.getCurrentContext() || 'none is set'}) leads to no server.`,
      hint: 'Choose one: `kubectl config get-contexts`, `kubectl config use-context NAME`.',
    })
  }
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace || 'default'
  if (!isClientNode(config) || config.getCurrentCluster()?.proxyUrl?.startsWith('socks') === true) {
    return new OfferedAccess(config, server, namespace)
  }
  const { KubeConfig } = await import('@kubernetes/client-node')
  return new ClientNodeAccess(config, () => new KubeConfig(), server, namespace)
}

function isClientNode(config: KubeConfigLike): config is KubeConfig {
  const { applyToHTTPSOptions, getCurrentUser, users } = config as Partial<KubeConfig>
  return typeof applyToHTTPSOptions === 'function' && typeof getCurrentUser === 'function' && Array.isArray(users)
}

/** The access that a {@link KubeConfigLike} offers: its own headers and its own connections, those of the first request. */
class OfferedAccess implements ClusterAccess {
  readonly server: URL
  readonly namespace: string
  readonly secrets = new OwnSecrets()
  readonly #config: KubeConfigLike
  #dispatcher: Dispatcher | undefined

  constructor(config: KubeConfigLike, server: URL, namespace: string) {
    this.#config = config
    this.server = server
    this.namespace = namespace
  }

  async authorize(): Promise<{ headers: Headers; dispatcher: Dispatcher }> {
    const headers: Headers = {}
    let offered: Dispatcher | undefined
    await this.#config.applySecurityAuthentication({
      setHeaderParam: (name, value) => {
        headers[name.toLowerCase()] = value
      },
      setDispatcher: (dispatcher) => {
        offered = dispatcher as Dispatcher
      },
    })
    remember(this.secrets, headers)
    const undici = await import('undici')
    if (this.#dispatcher === undefined) this.#dispatcher = offered ?? openConnections(undici, {}, undefined)
    else if (offered !== undefined && offered !== this.#dispatcher) void offered.close() // has no connection yet
    return { headers, dispatcher: this.#dispatcher }
  }

  renew(): void {
    void this.close()
  }

  async close(): Promise<void> {
    const old = this.#dispatcher
    this.#dispatcher = undefined
    await old?.close()
  }
}

/**
 * The access of a `KubeConfig` of client-node: its credentials and certificates, over connections of podqueue's own, which are
 * few, and with what client-node 2.0 lacks: login plugins that run again, more of impersonation, proxies from the
 * environment, servers that speak plain HTTP.
 */
class ClientNodeAccess implements ClusterAccess {
  readonly server: URL
  readonly namespace: string
  readonly secrets = new OwnSecrets()
  readonly #given: KubeConfig
  readonly #empty: () => KubeConfig
  readonly #extras: UserExtras
  readonly #plugin: LoginPlugin | undefined
  #config: KubeConfig
  #tls: TlsOptions = {}
  #dispatcher: Dispatcher | undefined

  constructor(given: KubeConfig, empty: () => KubeConfig, server: URL, namespace: string) {
    this.server = server
    this.namespace = namespace
    this.#given = given
    this.#empty = empty
    const user = given.getCurrentUser()
    this.#extras = (user ?? {}) as UserExtras
    const cluster = given.getCurrentCluster()
    const command = user?.exec as LoginCommand | undefined
    this.#plugin =
      typeof command?.command === 'string' && cluster !== null ? new LoginPlugin(command, cluster) : undefined
    this.#config = this.#derived()
  }

  async authorize(): Promise<{ headers: Headers; dispatcher: Dispatcher }> {
    const options: ClientNodeOptions = {}
    await this.#config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0])
    const headers = headersOf(options)
    const { token, cert, key } = (await this.#plugin?.credential()) ?? {}
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    Object.assign(headers, impersonation(this.#extras))
    remember(this.secrets, headers)
    const tls: TlsOptions = {
      ca: options.ca,
      cert: cert ?? options.cert,
      key: key ?? options.key,
      servername: options.servername,
      rejectUnauthorized: options.rejectUnauthorized,
    }
    return { headers, dispatcher: await this.#connections(tls) }
  }

  renew(): void {
    this.#plugin?.forget()
    this.#config = this.#derived() // its providers have read no token yet
    void this.close()
  }

  async close(): Promise<void> {
    const old = this.#dispatcher
    this.#dispatcher = undefined
    await old?.close()
  }

  async #connections(tls: TlsOptions): Promise<Dispatcher> {
    const undici = await import('undici')
    // From here on nothing waits: requests that begin together must not open connections each. A certificate that was renewed is
    // of no use on connections that are open.
    if (this.#dispatcher !== undefined && isSame(tls, this.#tls)) return this.#dispatcher
    const proxy = this.#config.getCurrentCluster()?.proxyUrl || proxyFor(this.server)
    this.secrets.add(decodedPassword(proxy))
    void this.close()
    this.#dispatcher = openConnections(undici, tls, proxy)
    this.#tls = tls
    return this.#dispatcher
  }

  /** A copy of what was given, as far as client-node has to be told otherwise: the app's own object stays as it is. */
  #derived(): KubeConfig {
    const user = this.#given.getCurrentUser()
    const plain = this.server.protocol === 'http:'
    const readsFile = typeof (user?.authProvider?.config as { tokenFile?: unknown } | undefined)?.tokenFile === 'string'
    if (this.#plugin === undefined && !plain && !readsFile) return this.#given
    const derived = this.#empty()
    derived.loadFromOptions({
      contexts: this.#given.contexts,
      currentContext: this.#given.getCurrentContext(),
      // client-node takes plain HTTP for a mistake unless certificates do not matter.
      clusters: this.#given.clusters.map((cluster) => (plain ? { ...cluster, skipTLSVerify: true } : cluster)),
      users: this.#given.users.map((one) => (one.name === user?.name ? { ...one, exec: undefined } : one)),
    })
    return derived
  }
}

/** The properties that client-node sets on the options of a request. */
interface ClientNodeOptions extends TlsOptions {
  headers?: Readonly<Record<string, unknown>>
  auth?: string
}

function headersOf({ headers = {}, auth }: ClientNodeOptions): Headers {
  const found: Headers = {}
  for (const [name, value] of Object.entries(headers)) found[name.toLowerCase()] = String(value).trim()
  if (auth !== undefined) found.authorization = `Basic ${Buffer.from(auth).toString('base64')}`
  return found
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
function impersonation({ impersonateGroups, impersonateUid, impersonateExtra = {} }: UserExtras): Headers {
  const headers: Headers = {}
  if (impersonateGroups !== undefined) headers['impersonate-group'] = [...impersonateGroups]
  if (impersonateUid !== undefined) headers['impersonate-uid'] = impersonateUid
  for (const [key, values] of Object.entries(impersonateExtra)) {
    headers[`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`] = [...values]
  }
  return headers
}

function remember(secrets: OwnSecrets, { authorization }: Headers): void {
  if (typeof authorization === 'string') secrets.addAuthorization(authorization)
}

function decodedPassword(proxy: string | undefined): string | undefined {
  const password = URL.parse(proxy ?? '')?.password
  if (!password) return undefined
  try {
    return decodeURIComponent(password)
  } catch {
    return password
  }
}

function isSame(one: TlsOptions, other: TlsOptions): boolean {
  const text = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value))
  return (['ca', 'cert', 'key', 'servername', 'rejectUnauthorized'] as const).every(
    (name) => text(one[name]) === text(other[name]),
  )
}
