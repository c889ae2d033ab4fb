/** Checks the options of a call: all problems at once, each with its path and a suggestion. Bundled into each package. */
export { type Names, type Problem, Problems } from './problems.ts'
export { isArray, isName, showKind, showName, showWord } from './show-value.ts'
