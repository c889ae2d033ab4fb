import type { Names, Problems } from '@internal/options'

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const

/** What goes wrong with some of the requests: how a test sees what its code does when the API server fails. */
export interface LocalFault {
  /** Which requests: all that is given must fit. Default: every request. */
  readonly on?:
    | {
        readonly verb?: (typeof VERBS)[number] | undefined
        /** `jobs`, `pods`, `pods/log`, `secrets`, `events`, `selfsubjectaccessreviews`. */
        readonly resource?: string | undefined
        readonly name?: string | undefined
      }
    | undefined
  /** The first of the matching requests that fails, counted from 1. Default: 1. */
  readonly nth?: number | undefined
  /** How many of them fail from there on. Default: 1. */
  readonly times?: number | undefined
  /** What becomes of them. */
  readonly do:
    | {
        /** Answers with this HTTP status, and does nothing. */
        readonly status: number
        /** Adds Retry-After. */
        readonly retryAfterSeconds?: number | undefined
      }
    /** Does it this much later. */
    | { readonly delayMs: number }
    /** Resets the connection: `before` it is done, or `after`, so that only the answer is lost. */
    | { readonly reset: 'before' | 'after' }
    /**
     * For a watch, once `afterEvents` (default 0) were sent: `cut` resets the connection, `silence` sends nothing more, `repeat`
     * sends each event twice, `swap` exchanges each two that follow one another within 100 ms, `expire` sends an ERROR event of 410.
     */
    | { readonly watch: 'cut' | 'silence' | 'repeat' | 'swap' | 'expire'; readonly afterEvents?: number | undefined }
    /** Forgets what happened until now: a watch that starts earlier gets 410. */
    | { readonly dropHistory: true }
}

export type FaultAction = LocalFault['do']

const FAULT: Names<LocalFault> = { on: true, nth: true, times: true, do: true }
const ON: Names<NonNullable<LocalFault['on']>> = { verb: true, resource: true, name: true }
const KINDS = ['status', 'delayMs', 'reset', 'watch', 'dropHistory'] as const
/** What some actions have besides. */
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

/** What a request is to the faults. */
export interface FaultRequest {
  readonly verb: string
  readonly resource: string
  readonly name?: string | undefined
}

/** Counts requests and says which of them fail. */
export class Faults {
  readonly #faults: { readonly fault: LocalFault; seen: number }[]

  constructor(faults: readonly LocalFault[]) {
    this.#faults = faults.map((fault) => ({ fault, seen: 0 }))
  }

  /** What is to become of a request: the first fault that takes it; all that match count it. */
  next(request: FaultRequest): FaultAction | undefined {
    let taken: FaultAction | undefined
    for (const entry of this.#faults) {
      const { on = {}, nth = 1, times = 1, do: action } = entry.fault
      const fits = (['verb', 'resource', 'name'] as const).every(
        (key) => on[key] === undefined || on[key] === request[key],
      )
      if (!fits) continue
      entry.seen++
      if (entry.seen >= nth && entry.seen < nth + times) taken ??= action
    }
    return taken
  }
}

/** Adds what is wrong with faults. */
export function findFaultProblems(problems: Problems, faults: unknown): void {
  if (!Array.isArray(faults)) {
    problems.add('faults', "must be a list such as [{ on: { verb: 'create' }, do: { status: 503 } }]")
    return
  }
  for (const [index, fault] of faults.entries()) {
    const at = `faults[${index}]`
    if (fault === undefined) problems.add(at, "must be a fault such as { on: { verb: 'create' }, do: { status: 503 } }")
    const { on, nth, times, do: action } = problems.known<LocalFault>(at, fault, FAULT)
    const { verb, resource, name } = problems.known(`${at}.on`, on, ON)
    problems.oneOf(`${at}.on.verb`, verb, VERBS)
    if (resource !== undefined) problems.text(`${at}.on.resource`, resource)
    if (name !== undefined) problems.text(`${at}.on.name`, name)
    problems.wholeNumber(`${at}.nth`, nth, { min: 1 })
    problems.wholeNumber(`${at}.times`, times, { min: 1 })
    findActionProblems(problems, `${at}.do`, problems.known<FaultAction>(`${at}.do`, action, ACTION))
  }
}

function findActionProblems(
  problems: Problems,
  at: string,
  action: { readonly [Name in keyof typeof ACTION]?: unknown },
): void {
  const kinds = KINDS.filter((kind) => action[kind] !== undefined)
  if (kinds.length !== 1) problems.add(at, `must have one of ${KINDS.join(', ')}`)
  problems.wholeNumber(`${at}.status`, action.status, { min: 400, max: 599 })
  problems.wholeNumber(`${at}.retryAfterSeconds`, action.retryAfterSeconds)
  problems.durationMs(`${at}.delayMs`, action.delayMs)
  problems.oneOf(`${at}.reset`, action.reset, ['before', 'after'])
  problems.oneOf(`${at}.watch`, action.watch, ['cut', 'silence', 'repeat', 'swap', 'expire'])
  problems.wholeNumber(`${at}.afterEvents`, action.afterEvents)
  if (action.dropHistory !== undefined && action.dropHistory !== true) problems.add(`${at}.dropHistory`, 'must be true')
  for (const [detail, kind] of Object.entries(DETAILS) as [keyof typeof DETAILS, (typeof KINDS)[number]][]) {
    if (action[detail] !== undefined && action[kind] === undefined)
      problems.add(`${at}.${detail}`, `is for ${kind} only`)
  }
}
