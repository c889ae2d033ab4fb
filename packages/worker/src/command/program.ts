import { delimiter, join } from 'node:path'
import { WorkerError } from '../errors.ts'

// An `import` of node:fs loads its promises and streams as well, which costs every item 5 ms.
const { accessSync, constants, statSync } = process.getBuiltinModule('node:fs')

/**
 * The file of a command's name, looked up as a shell does. It is looked up before an item is taken: a program that is missing
 * must not use up a delivery of an item.
 *
 * @throws {WorkerError} `PROGRAM_NOT_FOUND`
 */
export function findProgram(name: string, environment: NodeJS.ProcessEnv = process.env): string {
  const candidates = name.includes('/')
    ? [name]
    : (environment.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  const there = candidates.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
  const program = there.find(isExecutable)
  if (program !== undefined) return program
  throw new WorkerError({
    code: 'PROGRAM_NOT_FOUND',
    message: there[0] === undefined ? `There is no program ${name}.` : `${there[0]} is not executable.`,
    hint:
      there[0] === undefined
        ? 'Check the command after --, its path and the image that it runs in.'
        : `Make it so: chmod +x ${there[0]}.`,
    details: { program: name },
  })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
