import { type FailureRecord, LONGEST_STANDARD_ERROR } from '@internal/contract'
import { describeThrown, showText } from '@internal/errors'
import type { Item } from '../item/item.ts'

/**
 * The record of the failure with which an item is set aside. Exit code and standard error come from the error, as those of
 * `podqueue-worker`, of execa and of Node's `execFile` have them, or from its cause.
 */
export function failureRecord(item: Item, cause: unknown): FailureRecord {
  const program = programEnd(cause) ?? programEnd(causeOf(cause))
  const { deliveryCount: attempts } = item
  return {
    message: describeThrown(cause),
    ...program,
    ...(attempts === undefined ? {} : { attempts }),
    // In a pod, the host name is the pod's name.
    pod: process.getBuiltinModule('node:os').hostname(),
  }
}

/** Why a program failed: how it ended, and the last line of its standard error, where programs say why. */
export function programReason(message: string, standardError: string | undefined): string {
  const line = standardError?.trimEnd().split('\n').at(-1)?.trim()
  return line === undefined || line === '' || message.includes(line)
    ? message
    : `${message.replace(/\.$/, '')}: ${line}`
}

function programEnd(error: unknown): Pick<FailureRecord, 'exitCode' | 'standardError'> | undefined {
  try {
    if (!(error instanceof Error)) return undefined
    const { exitCode, code, stderr } = error as Error & Record<'exitCode' | 'code' | 'stderr', unknown>
    const number = [exitCode, code].find((value) => typeof value === 'number')
    const text = typeof stderr === 'string' || Buffer.isBuffer(stderr) ? shownEnd(String(stderr)) : ''
    if (number === undefined && text === '') return undefined
    return { ...(number === undefined ? {} : { exitCode: number }), ...(text === '' ? {} : { standardError: text }) }
  } catch {
    return undefined // a getter or a Proxy of the app that throws when it is read
  }
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof Error ? error.cause : undefined
  } catch {
    return undefined
  }
}

function shownEnd(text: string): string {
  return showText(text.slice(-LONGEST_STANDARD_ERROR).trimEnd(), { multiline: true })
}
