import { redact } from './redact.ts'
import type { Redactor } from './redactor.ts'

/** The longest text of others that is shown, in bytes: also the size of a container's termination message. */
export const LONGEST_SHOWN = 4096

export interface ShowOptions {
  /** Whether line breaks and tabs stay as they are. Default: false, they are shown as `\n` and `\t`. */
  readonly multiline?: boolean | undefined
  /** The length of the whole, in bytes of UTF-8. Default: 4096. */
  readonly maxBytes?: number | undefined
  /** Secrets of this call to replace, beside those that are known by their form. */
  readonly redactor?: Redactor | undefined
}

/**
 * Others' text, fit to be shown on a terminal, in a log or in an error: without terminal escapes, with all other control
 * characters as visible text, with secrets replaced, and of a bounded length. A text that was cut says so.
 */
export function showText(text: string, options: ShowOptions = {}): string {
  const { multiline = false, maxBytes = LONGEST_SHOWN, redactor } = options
  // More than can be shown is not looked at; enough more that no secret is cut in two.
  const looked = text.length > maxBytes + SLACK ? beginningOf(text, maxBytes + SLACK + (redactor?.longest ?? 0)) : text
  // Escapes go first: they could stand within a secret.
  // An `import` of node:util loads all of it, which costs every start of a worker 4 ms.
  const plain = process.getBuiltinModule('node:util').stripVTControlCharacters(looked)
  const redacted = redactor === undefined ? redact(plain) : redactor.redact(plain)
  const visible = redacted.replace(multiline ? UNSEEN_IN_LINES : UNSEEN, escaped)
  return cut(visible, maxBytes, looked.length < text.length ? text.length : undefined)
}

const SLACK = 4096

/** The beginning of a text, without a word at its end that may be half of an address with its password. */
function beginningOf(text: string, length: number): string {
  const beginning = text.slice(0, length)
  const word = beginning.slice(-SLACK).search(/\S*$/)
  const last = beginning.slice(beginning.length - Math.min(SLACK, beginning.length) + word)
  return /:\/\/|=|"/.test(last) ? beginning.slice(0, beginning.length - last.length) : beginning
}

// Control and format characters (C0, C1, bidi overrides, tags …), line and paragraph separators, lone surrogates. The two
// joiners (U+200C, U+200D) belong to words and emoji.
const UNSEEN = /(?!\u200c|\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const UNSEEN_IN_LINES = /(?!\u200c|\u200d|\n|\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  const short = SHORT[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}

/** @param length the length of the whole text, when `text` is only its beginning */
function cut(text: string, maxBytes: number, length: number | undefined): string {
  if (length === undefined && Buffer.byteLength(text) <= maxBytes) return text
  const notice = ` … (cut, ${length ?? text.length} characters in all)`
  const room = new Uint8Array(Math.max(0, maxBytes - Buffer.byteLength(notice)))
  const { read } = new TextEncoder().encodeInto(text, room)
  return `${text.slice(0, read)}${notice}`
}
