import colors from 'picocolors'
import { UsageError } from './arguments.ts'

/** The numbers of sysexits.h, as podqueue's worker uses them. */
const EXIT_CODES: Readonly<Record<string, number>> = {
  NO_BROKER: 69,
  BROKER_UNREACHABLE: 69,
  CONNECTION_LIMIT: 69,
  VHOST_UNAVAILABLE: 69,
  CONNECTION_LOST: 69,
  QUEUE_UNAVAILABLE: 69,
  API_UNREACHABLE: 69,
  CREDENTIALS_REFUSED: 77,
  VHOST_REFUSED: 77,
  NOT_PERMITTED: 77,
  UNAUTHORIZED: 77,
  FORBIDDEN: 77,
  BROKER_URL_MISSING: 78,
  BROKER_URL_INVALID: 78,
  TLS_MISMATCH: 78,
  TLS_UNTRUSTED: 78,
  INVALID_OPTIONS: 78,
  KUBECONFIG_MISSING: 78,
  KUBECONFIG_INVALID: 78,
  NAMESPACE_NOT_FOUND: 78,
}

/** The text to print for an error, and the exit code. Errors of podqueue say what to do; anything else is a bug. */
export function explain(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof UsageError) return { text: error.message, exitCode: error.exitCode }
  if (error instanceof Error && 'code' in error && 'hint' in error) {
    const hint = String(error.hint)
    const text = `${colors.red(String(error.code))}: ${error.message}${hint === '' ? '' : `\n  ${hint}`}`
    return { text, exitCode: EXIT_CODES[String(error.code)] ?? 1 }
  }
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: 70 }
}
