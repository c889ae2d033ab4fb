import { pause } from '@internal/async'

/** None after the first delivery, then half a second, doubled each time, to half a minute. */
export function requeueDelayMs(deliveryCount: number | undefined): number {
  if (deliveryCount === undefined) return 1_000
  return deliveryCount <= 1 ? 0 : Math.min(30_000, 500 * 2 ** (deliveryCount - 2))
}

/** Waits before a failed item goes back. The wait grows with its deliveries, so that no queue spins on one item. */
export async function waitBeforeRequeue(deliveryCount: number | undefined, endWaits: AbortSignal): Promise<void> {
  const delayMs = requeueDelayMs(deliveryCount)
  if (delayMs > 0) await pause(delayMs, endWaits).catch(() => {})
}
