import { Problems } from '@internal/options'
import { aborted } from '../abort.ts'
import { toProducerError } from '../errors.ts'
import { type Tell, tellListeners } from '../events.ts'
import { BorrowedLink } from './borrowed-link.ts'
import {
  type ConnectionOptions,
  checkConnectionOptions,
  resolveAddress,
  resolveConnection,
} from './connection-options.ts'
import type { Link } from './link.ts'
import { OwnLink } from './own-link.ts'

/** Makes the link to the broker that the options name. Nothing is opened yet. */
export function makeLink(options: ConnectionOptions, tell: Tell): Link {
  const resolved = resolveConnection(options)
  if (resolved.borrowed !== undefined) return new BorrowedLink(resolved.borrowed, tell)
  return new OwnLink(resolveAddress(options.url), resolved, tell)
}

/** The option of every call that waits for the broker. */
export interface SignalOption {
  /** Ends the call with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a call with a connection of its own. Checks the options first, and does not begin once `signal` aborted.
 *
 * @param use gets the options as they were checked
 */
export async function withLink<Options extends ConnectionOptions & SignalOption, T>(
  call: string,
  check: (problems: Problems) => Options,
  use: (link: Link, options: Options, tell: Tell) => Promise<T>,
): Promise<T> {
  const problems = new Problems()
  const checked = check(problems)
  const signal = problems.signal('signal', checked.signal)
  checkConnectionOptions(problems, checked)
  problems.throwAs(call, toProducerError)
  const options = { ...checked, signal }
  const early = aborted(signal)
  if (early !== undefined) throw early
  const tell = tellListeners(options.on ?? {})
  const link = makeLink(options, tell)
  try {
    return await use(link, options, tell)
  } finally {
    await link.close()
  }
}
