import type { FieldErrors } from './field-errors.ts'

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/
const QUALIFIED_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
export const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const TOO_LONG = 'must be no more than 63 characters'

export function isSubdomain(text: string): boolean {
  return text.length <= 253 && SUBDOMAIN.test(text)
}

export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && LABEL.test(text)
}

/** A name in the way of RFC 1123: of containers and namespaces. */
export function checkLabelName(errors: FieldErrors, field: string, name: string | undefined): void {
  if (name === undefined || name === '') {
    errors.required(field)
    return
  }
  if (name.length > 63) errors.invalid(field, name, TOO_LONG)
  if (!LABEL.test(name)) {
    errors.invalid(
      field,
      name,
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    )
  }
}

/** A name of another object that may have dots: of a Secret in a reference. */
export function checkReference(errors: FieldErrors, field: string, name: string | undefined): void {
  if (name === undefined || !SUBDOMAIN.test(name)) errors.invalid(field, name ?? '', SUBDOMAIN_RULE)
}

/** A name that may have dots: of Jobs, pods and Secrets. */
export function checkSubdomainName(errors: FieldErrors, field: string, name: string | undefined): void {
  if (name === undefined || name === '') {
    errors.required(field, 'name or generateName is required')
    return
  }
  if (name.length > 253) errors.invalid(field, name, 'must be no more than 253 characters')
  if (!SUBDOMAIN.test(name)) {
    errors.invalid(field, name, SUBDOMAIN_RULE)
  }
}

/** The key of a label, an annotation or a condition: `name` or `domain/name`. */
export function checkQualifiedName(errors: FieldErrors, field: string, key: string): void {
  const [name = '', prefix, ...more] = key.split('/').reverse()
  const part =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
  if (more.length > 0) {
    const why = `a qualified name ${part} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`
    errors.invalid(field, key, why)
    return
  }
  if (prefix === '') errors.invalid(field, key, 'prefix part must be non-empty')
  else if (prefix !== undefined && !isSubdomain(prefix)) errors.invalid(field, key, `prefix part ${SUBDOMAIN_RULE}`)
  if (name === '') errors.invalid(field, key, 'name part must be non-empty')
  else if (name.length > 63) errors.invalid(field, key, `name part ${TOO_LONG}`)
  if (!QUALIFIED_PART.test(name)) errors.invalid(field, key, `name part ${part}`)
}

export function checkLabels(
  errors: FieldErrors,
  field: string,
  labels: Readonly<Record<string, string>> | undefined,
): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkQualifiedName(errors, field, key)
    if (value.length > 63) errors.invalid(field, value, TOO_LONG)
    if (!LABEL_VALUE.test(value)) {
      errors.invalid(
        field,
        value,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      )
    }
  }
}
