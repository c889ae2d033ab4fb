/** The oldest Node that podqueue runs on: `engines.node` of each package. */
export const OLDEST_NODE = '22.19'

/**
 * The sentence for a Node that is too old; undefined when it is new enough. The syntax of everything in this folder is as old as
 * ES modules, so that an old Node can say so.
 */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined
  return `podqueue needs Node ${OLDEST_NODE} or newer, this is ${version}.`
}
