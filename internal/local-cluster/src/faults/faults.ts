import type { Names, Problems } from '@internal/options'
import { isArray } from '@internal/options'

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const

/** A failure of some requests to the API server. A test uses it to see what its code does when the API server fails. */
export interface LocalFault {
  /** Selects requests: each given field must be equal to the request's. Default: every request. */
  readonly match?:
    | {
        readonly verb?: (typeof VERBS)[number] | undefined
        /** `jobs`, `pods`, `pods/log`, `secrets`, `events`, `selfsubjectaccessreviews`. */
        readonly resource?: string | undefined
        readonly name?: string | undefined
      }
    | undefined
  /** The first of the matching requests that fails. Counted from 1. Default: 1. */
  readonly nth?: number | undefined
  /** The number of requests that fail from there on. Default: 1. */
  readonly times?: number | undefined
  /** The failure. */
  readonly do:
    | {
        /** Answers with this HTTP status and does nothing. From 400 to 599. */
        readonly status: number
        /** Adds the header Retry-After. In seconds. */
        readonly retryAfterSeconds?: number | undefined
      }
    /** Handles the request after this delay. In milliseconds. */
    | { readonly delayMs: number }
    /** Resets the connection: `before` the request is handled, or `after`, so that only the answer is lost. */
    | { readonly reset: 'before' | 'after' }
    /**
     * Changes a watch after it sent `afterEvents` events (default: 0). `cut` resets the connection. `silence` sends no more events.
     * `repeat` sends each event twice. `swap` exchanges two events that follow each other within 100 ms. `expire` sends an ERROR
     * event with code 410.
     */
    | { readonly watch: 'cut' | 'silence' | 'repeat' | 'swap' | 'expire'; readonly afterEvents?: number | undefined }
    /** Forgets all earlier changes: a watch from an earlier resourceVersion gets 410. */
    | { readonly dropHistory: true }
}

export type FaultAction = LocalFault['do']

const FAULT: Names<LocalFault> = { match: true, nth: true, times: true, do: true }
const MATCH: Names<NonNullable<LocalFault['match']>> = { verb: true, resource: true, name: true }
const KINDS = ['status', 'delayMs', 'reset', 'watch', 'dropHistory'] as const
/** Fields that belong to one kind of failure only. */
const DETAILS = { retryAfterSeconds: 'status', afterEvents: 'watch' } as const
const ACTION: Names<FaultAction> = {
  status: true,
  delayMs: true,
  reset: true,
  watch: true,
  dropHistory: true,
  retryAfterSeconds: true,
  afterEvents: true,
}

/** The fields of a request that a fault can match. */
export interface FaultRequest {
  readonly verb: string
  readonly resource: string
  readonly name?: string | undefined
}

/** Counts requests and decides which of them fail. */
export class Faults {
  readonly #faults: { readonly fault: LocalFault; seen: number }[]

  constructor(faults: readonly LocalFault[]) {
    this.#faults = faults.map((fault) => ({ fault, seen: 0 }))
  }

  /** The failure of a request: that of the first fault that is due. Every fault that matches counts the request. */
  next(request: FaultRequest): FaultAction | undefined {
    let taken: FaultAction | undefined
    for (const entry of this.#faults) {
      const { match = {}, nth = 1, times = 1, do: action } = entry.fault
      const fits = (['verb', 'resource', 'name'] as const).every(
        (key) => match[key] === undefined || match[key] === request[key],
      )
      if (!fits) continue
      entry.seen++
      if (entry.seen >= nth && entry.seen < nth + times) taken ??= action
    }
    return taken
  }
}

/** Checks the option `faults`. */
export function checkFaults(problems: Problems, faults: unknown): void {
  if (!isArray(faults)) {
    problems.add('faults', "must be an array such as [{ match: { verb: 'create' }, do: { status: 503 } }]")
    return
  }
  for (const [index, fault] of faults.entries()) {
    const at = `faults[${index}]`
    if (fault === undefined)
      problems.add(at, "must be a fault such as { match: { verb: 'create' }, do: { status: 503 } }")
    const { match, nth, times, do: action } = problems.known<LocalFault>(at, fault as LocalFault | undefined, FAULT)
    const { verb, resource, name } = problems.known(`${at}.match`, match, MATCH)
    problems.oneOf(`${at}.match.verb`, verb, VERBS)
    if (resource !== undefined) problems.text(`${at}.match.resource`, resource)
    if (name !== undefined) problems.text(`${at}.match.name`, name)
    problems.wholeNumber(`${at}.nth`, nth, { min: 1 })
    problems.wholeNumber(`${at}.times`, times, { min: 1 })
    checkAction(problems, `${at}.do`, problems.known<FaultAction>(`${at}.do`, action, ACTION))
  }
}

function checkAction(
  problems: Problems,
  at: string,
  action: { readonly [Name in keyof typeof ACTION]?: unknown },
): void {
  const kinds = KINDS.filter((kind) => action[kind] !== undefined)
  if (kinds.length !== 1) problems.add(at, `must have exactly one of ${KINDS.join(', ')}`)
  problems.wholeNumber(`${at}.status`, action.status, { min: 400, max: 599 })
  problems.wholeNumber(`${at}.retryAfterSeconds`, action.retryAfterSeconds)
  problems.durationMs(`${at}.delayMs`, action.delayMs)
  problems.oneOf(`${at}.reset`, action.reset, ['before', 'after'])
  problems.oneOf(`${at}.watch`, action.watch, ['cut', 'silence', 'repeat', 'swap', 'expire'])
  problems.wholeNumber(`${at}.afterEvents`, action.afterEvents)
  if (action.dropHistory !== undefined && action.dropHistory !== true) problems.add(`${at}.dropHistory`, 'must be true')
  for (const [detail, kind] of Object.entries(DETAILS) as [keyof typeof DETAILS, (typeof KINDS)[number]][]) {
    if (action[detail] !== undefined && action[kind] === undefined)
      problems.add(`${at}.${detail}`, `is only for ${kind}`)
  }
}
