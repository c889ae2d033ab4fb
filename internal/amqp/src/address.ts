import { type BrokerAddress, ENV, BROKER_ADDRESS_EXAMPLE as EXAMPLE, parseBrokerAddress } from '@internal/contract'
import { shownCause, showText } from '@internal/errors'
import type { AmqpFault } from './fault.ts'

/**
 * The address to use: the one given, else what the file named by `BROKER_URL_FILE` holds, else `BROKER_URL`.
 * There is no default of localhost: in a pod it would only hide that the address is missing.
 */
export function findAddress(
  url: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): BrokerAddress | AmqpFault {
  if (url !== undefined) return parseAddress(url, 'the option url')
  const file = environment[ENV.brokerUrlFile]
  if (file !== undefined && file !== '') {
    // Somebody may have put the address itself there.
    const shown = showText(file)
    try {
      // An `import` of node:fs loads its promises and streams as well, which costs every start of a worker 5 ms.
      const { readFileSync } = process.getBuiltinModule('node:fs')
      return parseAddress(readFileSync(file, 'utf8').trim(), `the file ${shown} of BROKER_URL_FILE`)
    } catch (cause) {
      return {
        code: 'BROKER_URL_MISSING',
        message: `BROKER_URL_FILE names ${shown}, which cannot be read.`,
        hint: `Mount the Secret there, or put the address itself in BROKER_URL, as ${EXAMPLE}.`,
        cause: shownCause(cause),
      }
    }
  }
  const inherited = environment[ENV.brokerUrl]
  if (inherited !== undefined && inherited !== '') return parseAddress(inherited, 'BROKER_URL')
  return {
    code: 'BROKER_URL_MISSING',
    message: 'No broker address was given.',
    hint: `Give the option url, or set BROKER_URL or BROKER_URL_FILE, as ${EXAMPLE}.`,
  }
}

/** Parses a broker's address; `source` names where it comes from, since a fault never shows the address itself. */
export function parseAddress(url: string, source: string): BrokerAddress | AmqpFault {
  const parsed = parseBrokerAddress(url)
  if (!('problem' in parsed)) return parsed
  return {
    code: 'BROKER_URL_INVALID',
    message: `The broker's address from ${source} cannot be used: ${parsed.problem}.`,
    hint: parsed.hint,
  }
}
