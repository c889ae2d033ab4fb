import { readFileSync } from 'node:fs'
import type { AmqpFault } from './fault.ts'

/** Where a broker is and who asks, taken apart once, at the door. */
export interface Address {
  readonly tls: boolean
  readonly hostname: string
  readonly port: number
  /** Undefined together with `password`: amqplib's guest. */
  readonly username: string | undefined
  readonly password: string | undefined
  /** Decoded; `/` is the default one. */
  readonly vhost: string
  /** Seconds, when the address names it. */
  readonly heartbeat: number | undefined
  /** The address without its credentials, for people. */
  readonly shown: string
}

const EXAMPLE = 'amqp://user:password@host:5672/vhost'

/**
 * The address to use: the one given, else what the file named by `BROKER_URL_FILE` holds, else `BROKER_URL`.
 * There is no default of localhost: in a pod it would only hide that the address is missing.
 */
export function findAddress(
  url: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Address | AmqpFault {
  if (url !== undefined) return parseAddress(url, 'the option url')
  const file = environment.BROKER_URL_FILE
  if (file !== undefined && file !== '') {
    try {
      return parseAddress(readFileSync(file, 'utf8').trim(), `the file ${file} of BROKER_URL_FILE`)
    } catch (cause) {
      return {
        code: 'BROKER_URL_MISSING',
        message: `BROKER_URL_FILE names ${file}, which cannot be read.`,
        hint: `Mount the Secret there, or put the address itself in BROKER_URL, as ${EXAMPLE}.`,
        cause,
      }
    }
  }
  const inherited = environment.BROKER_URL
  if (inherited !== undefined && inherited !== '') return parseAddress(inherited, 'BROKER_URL')
  return {
    code: 'BROKER_URL_MISSING',
    message: 'No broker address was given.',
    hint: `Give the option url, or set BROKER_URL or BROKER_URL_FILE, as ${EXAMPLE}.`,
  }
}

/**
 * Takes an AMQP URI apart (https://www.rabbitmq.com/docs/uri-spec). Errors never show the address: `new URL` keeps
 * all of a bad one, password included, in the error that it throws.
 */
export function parseAddress(url: string, source: string): Address | AmqpFault {
  const invalid = (what: string, hint = `Write it as ${EXAMPLE}.`): AmqpFault => ({
    code: 'BROKER_URL_INVALID',
    message: `What ${source} gives is not a broker address: ${what}.`,
    hint,
  })
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) return invalid('it does not begin with amqp:// or amqps://')
  if (scheme !== 'amqp' && scheme !== 'amqps') return invalid(`its scheme is ${scheme}:, not amqp: or amqps:`)
  const rest = url.slice(scheme.length + '://'.length)
  // An `@` past the first delimiter means that the delimiter belongs to the password.
  const delimiter = rest.search(/[/?#]/)
  if (delimiter !== -1 && rest.indexOf('@', delimiter) !== -1) {
    return invalid(
      `the user or password holds a ${rest[delimiter]} that is not escaped`,
      'Escape user and password with encodeURIComponent: / is %2F, # is %23, ? is %3F, @ is %40.',
    )
  }
  if (!URL.canParse(url)) {
    return invalid(
      'its host or port is malformed',
      `Write it as ${EXAMPLE}; escape user and password with encodeURIComponent (: is %3A, @ is %40, % is %25).`,
    )
  }
  const parts = new URL(url)
  if (parts.hostname === '') return invalid('it names no host')
  if (parts.hash !== '') return invalid('it ends in a # part, which brokers do not have')
  if (parts.pathname === '/' && /[^/]\/$/.test(url.replace(/[?].*$/, ''))) {
    return invalid(
      'a path of / alone names the vhost with the empty name',
      'Leave the last / away for the default vhost, or write it as /%2F.',
    )
  }
  const path = parts.pathname.replace(/^\//, '')
  if (path.includes('/')) return invalid('its vhost holds a / that is not escaped', 'Write a / in the vhost as %2F.')
  const [username, password, vhost] = [parts.username, parts.password, path].map(decoded)
  if (username === undefined || password === undefined || vhost === undefined) {
    return invalid('it holds a % that escapes nothing', 'Write a % itself as %25.')
  }
  const heartbeat = parts.searchParams.get('heartbeat')
  const other = [...parts.searchParams.keys()].find((name) => name !== 'heartbeat')
  if (other !== undefined) return invalid(`it has the parameter ${other}`, 'Only ?heartbeat=<seconds> is known here.')
  if (heartbeat !== null && !/^\d{1,4}$/.test(heartbeat)) return invalid('its heartbeat is not a number of seconds')
  const tls = scheme === 'amqps'
  const port = parts.port === '' ? (tls ? 5671 : 5672) : Number(parts.port)
  return {
    tls,
    hostname: parts.hostname.replace(/^\[|\]$/g, ''),
    port,
    username: username === '' && password === '' ? undefined : username,
    password: username === '' && password === '' ? undefined : password,
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
