/** A provider of the SDK. The API does not name the method, since not all providers keep anything. */
export interface Flushable {
  forceFlush?(): Promise<unknown>
  /** A proxy of the API for a provider that is registered later. */
  getDelegate?(): Flushable
}

/** Has providers send what they keep. Never rejects, and takes `timeoutMs` at most. */
export async function flush(providers: readonly Flushable[], timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  const flushed = providers.map(async (provider) => (provider.getDelegate?.() ?? provider).forceFlush?.())
  await Promise.race([Promise.allSettled(flushed), late])
  clearTimeout(timer)
}
