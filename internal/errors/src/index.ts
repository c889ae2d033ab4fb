/** The one shape of podqueue's errors, and the one way to show values and texts of others. Bundled into each package. */
export { CodedError, type ErrorDetails, type ErrorFields } from './coded-error.ts'
export { describeThrown, describeWithStack, stackFrames } from './describe-thrown.ts'
export { redact } from './redact.ts'
export { Redactor } from './redactor.ts'
export { LONGEST_SHOWN, type ShowOptions, showText } from './show-text.ts'
export { shownCause } from './shown-cause.ts'
