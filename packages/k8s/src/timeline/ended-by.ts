import type { Timeline } from '../job/timeline.ts'

const LONGEST_MESSAGE = 500

/** The timeline of a run that ended with this error. */
export function endedBy(
  timeline: Timeline,
  { code, message }: { readonly code: string; readonly message: string },
): Timeline {
  const [line = ''] = message.split('\n', 1)
  return { ...timeline, endedBy: { at: new Date().toISOString(), code, message: line.slice(0, LONGEST_MESSAGE) } }
}
