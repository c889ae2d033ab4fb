import { badRequest } from '../answers/status-error.ts'
import { type ResourceType, SECRETS } from '../store/resource-types.ts'
import type { FieldErrors } from './field-errors.ts'

const KEY = /^[-._a-zA-Z0-9]+$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export interface KeyedData {
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}

/** Refuses bytes that are not base64, as the decoder of the real server does. */
export function checkBase64(type: ResourceType, { data, binaryData }: KeyedData): void {
  const encoded = [...(type === SECRETS ? Object.values(data ?? {}) : []), ...Object.values(binaryData ?? {})]
  for (const text of encoded) {
    if (BASE64.test(text)) continue
    const at = /[^A-Za-z0-9+/]/.exec(text)?.index ?? text.length
    const what = `${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}`
    throw badRequest(`${what}: illegal base64 data at input byte ${at}`)
  }
}

/** The keys of a Secret or a ConfigMap become names of files and variables. */
export function checkKeys(errors: FieldErrors, { data, binaryData }: KeyedData): void {
  for (const key of [...Object.keys(data ?? {}), ...Object.keys(binaryData ?? {})]) {
    const field = `data[${key}]`
    if (!KEY.test(key)) {
      errors.invalid(
        field,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      )
    } else if (key === '.' || key.startsWith('..')) errors.invalid(field, key, "must not be '.' or start with '..'")
  }
}
