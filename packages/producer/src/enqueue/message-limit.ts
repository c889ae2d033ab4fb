/**
 * The limit that a broker names when it closes a channel for a message above it; `unknown` when it does not name it, and
 * undefined when the channel was closed for another reason.
 */
export function messageLimit(error: unknown): number | 'unknown' | undefined {
  const text = error instanceof Error ? error.message : ''
  if (!/message size .*larger/i.test(text)) return undefined
  const limit = /max(?:imum)? size (\d+)/i.exec(text)?.[1]
  return limit === undefined ? 'unknown' : Number(limit)
}
