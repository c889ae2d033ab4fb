import { describeThrown } from '@internal/errors'

/** The code and the words of an error that was caught, as they may be shown. The code is empty when there is none. */
export interface ErrorWords {
  readonly code: string
  readonly text: string
}

/** Reads the code and the words of an error. Handshake errors of amqplib have no code, only their text. */
export function errorWords(error: unknown): ErrorWords {
  const text = describeThrown(error)
  if (!(error instanceof Error)) return { code: '', text }
  // Node's attempt at several addresses of one name has its reasons one level down.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  const source = error.message === '' && first instanceof Error ? first : error
  const code = 'code' in source ? source.code : undefined
  return { code: typeof code === 'string' || typeof code === 'number' ? String(code) : '', text }
}

/**
 * A copy of an error in one line, as the `cause` of an error of ours: of a network error only the words and the code help,
 * and a stack for each address that was tried would bury them.
 */
export function shortCause(error: unknown): Error {
  const { code, text } = errorWords(error)
  const copy: Error = Object.assign(new Error(text), code === '' ? {} : { code })
  copy.stack = `Error: ${text}`
  return copy
}

/** The words of a close frame, without the words that amqplib puts around them. */
export function brokerWords(text: string): string {
  return /with message "(.*)"/s.exec(text)?.[1] ?? text
}

/** A text of others as the end of a sentence. */
export function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
