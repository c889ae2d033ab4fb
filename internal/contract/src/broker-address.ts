/** The parts of a broker's address, decoded. */
export interface BrokerAddress {
  readonly tls: boolean
  readonly hostname: string
  readonly port: number
  /** Undefined together with `password`, when the address has no credentials. */
  readonly username: string | undefined
  readonly password: string | undefined
  /** `/` is the default vhost. */
  readonly vhost: string
  /** Seconds, when the address names it. */
  readonly heartbeat: number | undefined
  /** The address without its credentials, to be shown. */
  readonly shown: string
}

/** Why a text is not a broker's address. Neither part repeats any of the text, which may hold a password. */
export interface AddressProblem {
  /** The end of a sentence about the address: `it names no host`. */
  readonly problem: string
  readonly hint: string
}

export const BROKER_ADDRESS_EXAMPLE = 'amqp://user:password@host:5672/vhost'

const WRITE_IT_AS = `Write it as ${BROKER_ADDRESS_EXAMPLE}.`

/**
 * Parses an AMQP URI (https://www.rabbitmq.com/docs/uri-spec). The error of `new URL` would hold the whole text, password
 * included, so this never throws it.
 */
export function parseBrokerAddress(url: unknown): BrokerAddress | AddressProblem {
  const wrong = (problem: string, hint = WRITE_IT_AS): AddressProblem => ({ problem, hint })
  if (typeof url !== 'string') return wrong('it is not a string')
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) return wrong('it does not begin with amqp:// or amqps://')
  if (scheme !== 'amqp' && scheme !== 'amqps') return wrong(`its scheme is ${scheme}:, not amqp: or amqps:`)
  const rest = url.slice(scheme.length + '://'.length)
  // An `@` past the first delimiter means that the delimiter belongs to the password.
  const delimiter = rest.search(/[/?#]/)
  if (delimiter !== -1 && rest.indexOf('@', delimiter) !== -1) {
    return wrong(
      `the user or password holds a ${rest[delimiter]} that is not escaped`,
      'Escape user and password with encodeURIComponent: / is %2F, # is %23, ? is %3F, @ is %40.',
    )
  }
  const parts = URL.parse(url)
  if (parts === null) {
    return wrong(
      'its host or port is malformed',
      `${WRITE_IT_AS} Escape user and password with encodeURIComponent (: is %3A, @ is %40, % is %25).`,
    )
  }
  if (parts.hostname === '') return wrong('it names no host')
  if (parts.hash !== '') return wrong('it ends in a # part, which brokers do not have')
  if (parts.pathname === '/' && /[^/]\/$/.test(url.replace(/[?].*$/, ''))) {
    return wrong(
      'a path of / alone names the vhost with the empty name',
      'Leave out the last / for the default vhost, or write it as /%2F.',
    )
  }
  const path = parts.pathname.replace(/^\//, '')
  if (path.includes('/')) return wrong('its vhost holds a / that is not escaped', 'Write a / in the vhost as %2F.')
  const [username, password, vhost] = [parts.username, parts.password, path].map(decoded)
  if (username === undefined || password === undefined || vhost === undefined) {
    return wrong('it holds a % that escapes nothing', 'Write a % itself as %25.')
  }
  const heartbeat = parts.searchParams.get('heartbeat')
  if ([...parts.searchParams.keys()].some((name) => name !== 'heartbeat')) {
    return wrong('it has a parameter that is not known', 'Only ?heartbeat=<seconds> is known here.')
  }
  if (heartbeat !== null && !/^\d{1,4}$/.test(heartbeat)) return wrong('its heartbeat is not a number of seconds')
  const tls = scheme === 'amqps'
  const port = parts.port === '' ? (tls ? 5671 : 5672) : Number(parts.port)
  const anonymous = username === '' && password === ''
  return {
    tls,
    hostname: parts.hostname.replace(/^\[|\]$/g, ''),
    port,
    username: anonymous ? undefined : username,
    password: anonymous ? undefined : password,
    vhost: vhost === '' ? '/' : vhost,
    heartbeat: heartbeat === null ? undefined : Number(heartbeat),
    shown: `${scheme}://${parts.hostname}:${port}${vhost === '' || vhost === '/' ? '' : `/${path}`}`,
  }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
