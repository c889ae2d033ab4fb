import { showText } from '@internal/errors'
import type { PodFailure } from '../pods/pod-failure.ts'

const LONGEST_FAILURE = 1_024

/** The failure of an attempt in one line. Its log has the rest. */
export function failureLine({
  container,
  exitCode,
  reason = 'failed',
  message = '',
}: Omit<PodFailure, 'name'>): string {
  const where = container === undefined ? '' : `container ${container}: `
  const how = `${where}${exitCode === undefined ? reason : `exit ${exitCode} (${reason})`}`
  const [words] = message.split('\n', 1)
  return showText(words ? `${how}: ${words}` : how, { maxBytes: LONGEST_FAILURE })
}
