import cliTruncate from 'cli-truncate'
import colors from 'picocolors'
import stringWidth from 'string-width'
import type { RunProgress } from '../wait/run-events.ts'
import { extent, speedParts, stateParts } from './words.ts'

const WIDEST_BAR = 40
const NARROWEST_BAR = 8
const BETWEEN = ' · '

/** The state of a run on a terminal. */
export interface BlockState {
  readonly progress: RunProgress
  /** Items, or pods where items are not counted, that end in a second. */
  readonly perSecond?: number | undefined
  /** The last failures, the newest last: of which pod, and how. */
  readonly failures: readonly { readonly pod: string; readonly how: string }[]
}

/** The block for a terminal of that many columns: each line fits, and none is dropped because it does not. */
export function block(state: BlockState, columns: number, color: boolean): string[] {
  const { green, dim, red } = colors.createColors(color)
  // A line of the full width moves the cursor to the next one on some terminals.
  const width = Math.max(1, columns - 1)
  const parts = [...stateParts(state.progress), ...speedParts(state.progress, state.perSecond)]
  const length = Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, Math.floor(width / 3)), width)
  const shown = green(bar(extent(state.progress), length))
  const [first = '', ...more] = filled(parts, width, width - length - 2)
  const beside = first === '' ? shown : `${shown}  ${first}`
  return [
    beside,
    ...more.map((line) => dim(line)),
    ...state.failures.map(({ pod, how }) => cliTruncate(`${red(pod)}  ${how}`, width)),
  ]
}

/** The parts as lines of at most `width` columns, the first of at most `firstWidth`; empty when none fits there. */
function filled(parts: readonly string[], width: number, firstWidth: number): string[] {
  const lines = ['']
  for (const part of parts) {
    const line = lines.at(-1) ?? ''
    const longer = line === '' ? part : `${line}${BETWEEN}${part}`
    if (stringWidth(longer) <= (lines.length === 1 ? firstWidth : width)) lines[lines.length - 1] = longer
    else lines.push(cliTruncate(part, width))
  }
  return lines
}

/** A bar of `length` characters. It is full only when all is done. */
function bar({ done, total }: { readonly done: number; readonly total: number }, length: number): string {
  const full = total === 0 ? 0 : Math.floor((Math.min(done, total) / total) * length)
  return '■'.repeat(full) + '□'.repeat(length - full)
}
