import { availableParallelism, totalmem } from 'node:os'
import { quantityOf } from '@internal/quantities'
import type { Resources } from '../objects/objects.ts'

/**
 * The value of a `resourceFieldRef`: `limits.cpu`, `requests.memory`, …, in units of `divisor` (1), rounded up. As with
 * the kubelet, a limit that is not set is the machine's own amount, and a request that is not set is the limit, else 0.
 */
export function resourceValue(
  { limits, requests }: Resources = {},
  { resource, divisor }: { readonly resource: string; readonly divisor?: string | number },
): string {
  const [kind, name = ''] = resource.split(/\.(.*)/s)
  const machine: Readonly<Record<string, number>> = { cpu: availableParallelism(), memory: totalmem() }
  const limit = amount(limits?.[name])
  const value = kind === 'limits' ? (limit ?? machine[name] ?? 0) : (amount(requests?.[name]) ?? limit ?? 0)
  const unit = amount(divisor) || 1
  // Thousandths: the smallest unit that Kubernetes counts a processor in, and below it only noise of the division.
  return String(Math.ceil(Math.round((value / unit) * 1000) / 1000))
}

function amount(quantity: string | number | undefined): number | undefined {
  return quantity === undefined ? undefined : quantityOf(String(quantity))
}
