import { nodeProblem } from './node-version.ts'

// The first import of each package's entry: an old Node ends here, before it misses anything that the rest needs.
const problem = nodeProblem(process.versions.node)
if (problem !== undefined) {
  const error = Object.assign(new Error(problem), { code: 'UNSUPPORTED_NODE' })
  // The stack only leads here.
  error.stack = `Error: ${problem}`
  throw error
}
