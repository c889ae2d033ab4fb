import { badRequest, StatusError } from '../../answers/status-error.ts'

const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn']
const POLICIES = ['Foreground', 'Background', 'Orphan', 'nil']

/** Whether a request is to change nothing. Throws a 422 for any other value than All. */
export function isDryRun(query: URLSearchParams, kind: string, inBody: readonly string[] = []): boolean {
  const wanted = [...query.getAll('dryRun'), ...inBody].filter((value) => value !== '')
  if (wanted.some((value) => value !== 'All')) throw invalidOption(kind, 'dryRun', wanted, ['All'])
  return wanted.length > 0
}

/** The treatment of unknown fields. Default: `Warn`. */
export function fieldValidationOf(query: URLSearchParams, kind: string): 'Ignore' | 'Strict' | 'Warn' {
  const wanted = query.get('fieldValidation') ?? ''
  if (!VALIDATIONS.includes(wanted)) throw invalidOption(kind, 'fieldValidation', wanted, VALIDATIONS)
  return wanted === '' ? 'Warn' : (wanted as 'Warn')
}

export function checkPropagation(policy: string | undefined): void {
  if (policy === undefined || POLICIES.includes(policy)) return
  throw invalidOption('DeleteOptions', 'propagationPolicy', policy, POLICIES)
}

/** A whole number of the query, or undefined. */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

/** A resourceVersion. Undefined when the request has none. 0 stands for any version. */
export function parseVersion(text: string | null, where = ''): number | undefined {
  if (text === null || text === '') return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new StatusError(
    400,
    'BadRequest',
    `${where}resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
  )
}

/** Refuses a resourceVersion that the cluster has not reached, as Kubernetes does after waiting for it. */
export function checkVersion(wanted: number, current: number): void {
  if (wanted <= current) return
  const message = `Timeout: Too large resource version: ${wanted}, current: ${current}`
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }]
  throw new StatusError(504, 'Timeout', message, { causes, retryAfterSeconds: 1 })
}

/** A flag of the query. */
export function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1'
}

function invalidOption(kind: string, field: string, value: unknown, supported: readonly string[]): StatusError {
  const words = supported.map((word) => JSON.stringify(word)).join(', ')
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${words}`
  const causes = [{ reason: 'FieldValueNotSupported', message, field }]
  return new StatusError(422, 'Invalid', `${kind}.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    group: 'meta.k8s.io',
    kind,
    causes,
  })
}
