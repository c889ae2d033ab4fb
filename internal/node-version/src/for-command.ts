import { EXIT } from '@internal/contract/exit-code'
import { nodeProblem } from './node-version.ts'

// The first import of a command: an old Node ends here, before it misses anything that the rest needs.
const problem = nodeProblem(process.versions.node)
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`)
  process.exit(EXIT.misconfigured)
}
