import type { ResourceType } from '../store/resource-types.ts'

/** Kubernetes' Status object. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Record<string, unknown>
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code?: number
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

export interface StatusCause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

/** An answer of the API that is not a success, in Kubernetes' own words. */
export class StatusError extends Error {
  override name = 'StatusError'
  readonly status: Status

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message)
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details && { details }),
      code,
    }
  }
}

/** The answer to a request that deleted an object at once. */
export function deleted(type: ResourceType, name: string, uid: string): Status {
  const details = { name, ...groupOf(type), kind: type.plural, uid }
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message)
}

export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized')
}

/** An API of Kubernetes that the local cluster does not have: a path, a kind of object, a subresource. */
export function notSupported(what: string): StatusError {
  const message = `the server could not find the requested resource: ${what} is not supported by the local cluster`
  return new StatusError(404, 'NotFound', message, {})
}

/** A request about an object that the local cluster has, for something that it cannot do with it. */
export function notImplemented(what: string): StatusError {
  return new StatusError(501, 'NotImplemented', `${what} is not supported by the local cluster`, {})
}

export function notFound(type: ResourceType, name: string): StatusError {
  const details = { name, ...groupOf(type), kind: type.plural }
  return new StatusError(404, 'NotFound', `${qualified(type.plural, type)} "${name}" not found`, details)
}

export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource'
  return new StatusError(405, 'MethodNotAllowed', message, {})
}

export function alreadyExists(type: ResourceType, name: string, beingDeleted: boolean): StatusError {
  const details = { name, ...groupOf(type), kind: type.plural }
  const which = `${qualified(type.plural, type)} "${name}" already exists`
  return new StatusError(409, 'AlreadyExists', beingDeleted ? `object is being deleted: ${which}` : which, details)
}

export function conflict(type: ResourceType, name: string, why: string, kind: string = type.plural): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(kind, type)} "${name}": ${why}`
  return new StatusError(409, 'Conflict', message, { name, ...groupOf(type), kind })
}

export function forbidden(type: ResourceType, name: string, why: string): StatusError {
  const message = `${qualified(type.plural, type)} "${name}" is forbidden: ${why}`
  return new StatusError(403, 'Forbidden', message, { name, ...groupOf(type), kind: type.plural })
}

export function gone(wanted: number, oldest: number): StatusError {
  return new StatusError(410, 'Expired', `too old resource version: ${wanted} (${oldest})`)
}

export function unsupportedMediaType(message: string): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', message, {})
}

export function invalid(type: ResourceType, name: string, causes: readonly StatusCause[]): StatusError {
  const texts = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))]
  const all = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  const message = `${qualified(type.kind, type)} "${name}" is invalid: ${all}`
  return new StatusError(422, 'Invalid', message, { name, ...groupOf(type), kind: type.kind, causes })
}

/** A patch that brings unknown fields while those are to be refused. */
export function invalidPatch(patch: unknown, why: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(patch))}: ${why}`
  const causes = [{ reason: 'FieldValueInvalid', message, field: 'patch' }]
  return new StatusError(422, 'Invalid', ` "" is invalid: patch: ${message}`, { causes })
}

export function internal(message: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, {})
}

function qualified(kind: string, { group }: ResourceType): string {
  return group === '' ? kind : `${kind}.${group}`
}

function groupOf({ group }: ResourceType): { group?: string } {
  return group === '' ? {} : { group }
}
