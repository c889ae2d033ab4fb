import { quantityOf } from '@internal/quantities'
import { badRequest } from '../answers/status-error.ts'
import type { ResourceList, Resources } from '../objects/objects.ts'
import type { FieldErrors } from './field-errors.ts'

/** Resources with their quantities as texts. Throws a 400 for what is no quantity, as the decoder of the real server does. */
export function plainResources(resources: Resources = {}): Resources {
  const { limits, requests } = resources
  return {
    ...resources,
    ...(limits && { limits: plainList(limits) }),
    ...(requests && { requests: plainList(requests) }),
  }
}

function plainList(list: ResourceList): ResourceList {
  return Object.fromEntries(Object.entries(list).map(([name, value]) => [name, quantityText(value)]))
}

function quantityText(value: string | number): string {
  const text = String(value)
  if (quantityOf(text) !== undefined) return text
  throw badRequest(
    'Job in version "v1" cannot be handled as a Job: quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
  )
}

/** Nobody can have less than nothing, or a request above its limit. */
export function checkResources(errors: FieldErrors, at: string, { limits = {}, requests = {} }: Resources = {}): void {
  for (const [list, amounts] of Object.entries({ limits, requests })) {
    for (const [name, amount] of Object.entries(amounts)) {
      if ((quantityOf(String(amount)) ?? 0) >= 0) continue
      errors.invalid(`${at}.${list}[${name}]`, String(amount), 'must be greater than or equal to 0')
    }
  }
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name]
    if (limit === undefined || (quantityOf(String(request)) ?? 0) <= (quantityOf(String(limit)) ?? 0)) continue
    errors.invalid(`${at}.requests`, String(request), `must be less than or equal to ${name} limit of ${limit}`)
  }
}

/** A pod's request that is not set is its limit. */
export function withRequests(resources: Resources = {}): Resources {
  const { limits } = resources
  return limits === undefined ? resources : { ...resources, requests: { ...limits, ...resources.requests } }
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qosClassOf(containers: readonly { readonly resources?: Resources }[]): string {
  const all = containers.map(({ resources = {} }) => resources)
  const asked = all.some(({ limits = {}, requests = {} }) => Object.keys({ ...limits, ...requests }).length > 0)
  if (!asked) return 'BestEffort'
  const fixed = all.every(({ limits = {}, requests = {} }) =>
    ['cpu', 'memory'].every((name) => limits[name] !== undefined && String(limits[name]) === String(requests[name])),
  )
  return fixed ? 'Guaranteed' : 'Burstable'
}
