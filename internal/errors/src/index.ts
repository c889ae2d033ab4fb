/** The one shape of podqueue's errors, and the redaction of secrets. Bundled into each package. */
export { CodedError, type ErrorDetails, type ErrorFields } from './coded-error.ts'
export { redact } from './redact.ts'
