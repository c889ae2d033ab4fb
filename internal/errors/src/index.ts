/** The one shape of podqueue's errors, and the words for bad input. Bundled into each package. */
export { CodedError, type ErrorFields } from './coded-error.ts'
export { type Names, type Problem, Problems } from './problems.ts'
export { redact } from './redact.ts'
