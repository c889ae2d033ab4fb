import { type ShowOptions, showText } from './show-text.ts'

/**
 * The words of anything that was thrown: the message of an error, else what tells most about the value. Never throws, whatever
 * the value does when it is read, and is never empty. Shown as {@link showText} shows it.
 */
export function describeThrown(thrown: unknown, options: ShowOptions = {}): string {
  return showText(attempt(() => wordsOf(thrown, DEPTH)) ?? UNREADABLE, options)
}

/** {@link describeThrown} after the name of the error and before the lines of its stack: for a process warning or a bug. */
export function describeWithStack(thrown: unknown, options: ShowOptions = {}): string {
  const name = nameOf(thrown)
  const words = describeThrown(thrown, options)
  const whole = `${name === undefined || words.startsWith(name) ? '' : `${name}: `}${words}${stackFrames(thrown)}`
  return showText(whole, { ...options, multiline: true })
}

/** The lines of an error's stack that say where it was thrown, each after a line break; empty when there are none. */
export function stackFrames(thrown: unknown, options: ShowOptions = {}): string {
  const stack = read(thrown, 'stack')
  if (typeof stack !== 'string') return ''
  // The message stands first in a stack and may be of any size.
  const start = stack.indexOf('\n    at ')
  if (start === -1) return ''
  const lines = stack.slice(start, start + LONGEST_STACK).split('\n')
  const frames = lines.filter((line) => FRAME.test(line))
  return showText(`\n${frames.slice(0, MOST_FRAMES).join('\n')}`, { ...options, multiline: true })
}

const UNREADABLE = 'a value that cannot be read'
/** How many errors within errors are looked into. */
const DEPTH = 3
const MOST_FRAMES = 20
const LONGEST_STACK = 16_384
const FRAME = /^ {4}at \S/

function wordsOf(thrown: unknown, depth: number): string {
  if (typeof thrown === 'string') return isBlank(thrown) ? 'an empty string' : thrown
  if (typeof thrown === 'function') return 'a function'
  if (typeof thrown !== 'object' || thrown === null) return String(thrown)
  const message = read(thrown, 'message')
  if (typeof message === 'string' && !isBlank(message)) return message
  const errors = attempt(() => wordsOfAll(read(thrown, 'errors'), depth))
  if (errors !== undefined) return errors
  const [name, code] = [nameOf(thrown), read(thrown, 'code')]
  if (typeof code === 'string' && !isBlank(code)) return `${name ?? 'an error'} with the code ${code}`
  if (name !== undefined) return `${name} without a message`
  const text = attempt(() => String(thrown))
  if (text !== undefined && !isBlank(text) && !text.startsWith('[object ')) return text
  return text === undefined ? UNREADABLE : 'an object that is not an error'
}

/** The words of an AggregateError's errors, as of a host with several addresses, of which none answered. */
function wordsOfAll(errors: unknown, depth: number): string | undefined {
  if (depth === 0 || !Array.isArray(errors) || errors.length === 0) return undefined
  const words = new Set(errors.slice(0, 3).map((error) => attempt(() => wordsOf(error, depth - 1)) ?? UNREADABLE))
  return `${[...words].join('; ')}${errors.length > 3 ? `; and ${errors.length - 3} more` : ''}`
}

function nameOf(thrown: unknown): string | undefined {
  const name = read(thrown, 'name')
  return typeof name === 'string' && /^\w{1,80}$/.test(name) ? name : undefined
}

function isBlank(text: string): boolean {
  return text.trim() === ''
}

function read(value: unknown, name: string): unknown {
  return attempt(() => (value as Readonly<Record<string, unknown>>)[name])
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}
