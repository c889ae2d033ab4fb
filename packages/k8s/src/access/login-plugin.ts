import { K8sError } from '../errors.ts'

/** A command of a kubeconfig that gets the credentials: `users[].user.exec`. */
export interface LoginCommand {
  readonly apiVersion?: string
  readonly command: string
  readonly args?: readonly string[] | null
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null
  readonly installHint?: string
  readonly provideClusterInfo?: boolean
  readonly interactiveMode?: string
}

/** The facts about the cluster for a plugin that asked for them. */
export interface LoginCluster {
  readonly server: string
  readonly caData?: string | undefined
  readonly skipTLSVerify?: boolean | undefined
  readonly tlsServerName?: string | undefined
  readonly proxyUrl?: string | undefined
}

/** Credentials from a plugin. */
export interface LoginCredential {
  readonly token?: string
  readonly cert?: string
  readonly key?: string
}

/** A plugin may wait for an identity provider, but not for a person: it has no terminal. */
const PLUGIN_TIMEOUT_MS = 60_000
const LONGEST_ANSWER = 1024 * 1024
const API_VERSION = 'client.authentication.k8s.io/v1'

/**
 * Gets credentials by the command of a kubeconfig, as kubectl does: with `KUBERNETES_EXEC_INFO`, again when they have expired,
 * and again after a 401. client-node keeps them until they expire, whatever the server says (2.0.1, exec_auth.js), and puts
 * the plugin's standard error into its errors, which may hold the token.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
export class LoginPlugin {
  readonly #command: LoginCommand
  readonly #cluster: LoginCluster
  #current: Promise<{ readonly credential: LoginCredential; readonly expires: number }> | undefined

  constructor(command: LoginCommand, cluster: LoginCluster) {
    this.#command = command
    this.#cluster = cluster
  }

  /** The credentials, from a run of the command that is shared by all requests. @throws {K8sError} `KUBECONFIG_INVALID` */
  async credential(): Promise<LoginCredential> {
    const current = this.#current ?? this.#login()
    const { credential, expires } = await current
    if (expires > Date.now()) return credential
    if (this.#current === current) this.#current = undefined
    return (await (this.#current ?? this.#login())).credential
  }

  /** Makes the next request run the command again. */
  forget(): void {
    this.#current = undefined
  }

  #login(): Promise<{ readonly credential: LoginCredential; readonly expires: number }> {
    const running = this.#run().then((answer) => this.#read(answer))
    this.#current = running
    running.catch(() => {
      if (this.#current === running) this.#current = undefined
    })
    return running
  }

  async #run(): Promise<string> {
    // Loaded here, since most kubeconfigs have no plugin.
    const { spawn } = process.getBuiltinModule('node:child_process')
    const { command, args, env } = this.#command
    const variables = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]))
    // Its standard error goes nowhere: a plugin that fails may print the token there.
    const child = spawn(command, [...(args ?? [])], {
      env: { ...process.env, ...variables, KUBERNETES_EXEC_INFO: JSON.stringify(this.#info()) },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: PLUGIN_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const chunks: Buffer[] = []
    let bytes = 0
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= LONGEST_ANSWER) chunks.push(chunk)
      else child.kill('SIGKILL')
    })
    child.on('error', (error) => reject(this.#failed(`cannot be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (bytes > LONGEST_ANSWER) reject(this.#failed(`printed more than ${LONGEST_ANSWER} bytes`))
      else if (code === 0) resolve(Buffer.concat(chunks).toString())
      else if (child.killed) reject(this.#failed(`did not end within ${PLUGIN_TIMEOUT_MS / 1000} s`))
      else reject(this.#failed(code === null ? `was ended by ${signal}` : `failed with exit code ${code}`))
    })
    return promise
  }

  #info(): object {
    const { apiVersion = API_VERSION, provideClusterInfo } = this.#command
    const { server, caData, skipTLSVerify, tlsServerName, proxyUrl } = this.#cluster
    const cluster = {
      server,
      'tls-server-name': tlsServerName,
      'insecure-skip-tls-verify': skipTLSVerify === true ? true : undefined,
      'certificate-authority-data': caData,
      'proxy-url': proxyUrl,
    }
    return {
      apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false, ...(provideClusterInfo === true ? { cluster } : {}) },
    }
  }

  #read(answer: string): { readonly credential: LoginCredential; readonly expires: number } {
    let parsed: {
      readonly kind?: unknown
      readonly apiVersion?: unknown
      readonly status?: Record<string, unknown> | null
    }
    try {
      parsed = JSON.parse(answer) ?? {}
    } catch {
      throw this.#failed('printed no JSON') // not what it printed: that may be half a token
    }
    const { apiVersion = API_VERSION } = this.#command
    if (parsed.kind !== 'ExecCredential' || parsed.apiVersion !== apiVersion) {
      throw this.#failed(`printed no ExecCredential of ${apiVersion}`)
    }
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = parsed.status ?? {}
    if (typeof token !== 'string' && (typeof cert !== 'string' || typeof key !== 'string')) {
      throw this.#failed('printed an ExecCredential without a token, or a certificate and its key')
    }
    const expires = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN
    return {
      credential: {
        ...(typeof token === 'string' ? { token } : {}),
        ...(typeof cert === 'string' && typeof key === 'string' ? { cert, key } : {}),
      },
      expires: Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires,
    }
  }

  #failed(how: string): K8sError {
    const { command, installHint, interactiveMode } = this.#command
    const interactive =
      interactiveMode === 'Always' ? ' It says that it needs a terminal, which a library does not give it.' : ''
    return new K8sError({
      code: 'KUBECONFIG_INVALID',
      message: `The kubeconfig's login plugin ${command} ${how}.${interactive}`,
      hint: `Try \`kubectl auth whoami\`, which shows what the plugin prints.${installHint === undefined ? '' : ` ${installHint}`}`,
    })
  }
}
