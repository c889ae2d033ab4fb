import { mkdirSync, type Stats, statSync, writeFileSync } from 'node:fs'
import type { Volume } from '../objects/objects.ts'

/** The checks of the types of `hostPath` that name something that has to be there. */
const CHECKS: Readonly<Record<string, readonly [is: (stats: Stats) => boolean, what: string]>> = {
  Directory: [(stats) => stats.isDirectory(), 'a directory'],
  File: [(stats) => stats.isFile(), 'a file'],
  Socket: [(stats) => stats.isSocket(), 'a socket file'],
  CharDevice: [(stats) => stats.isCharacterDevice(), 'a character device'],
  BlockDevice: [(stats) => stats.isBlockDevice(), 'a block device'],
}

/**
 * Checks the file or directory of this machine that a `hostPath` names, and makes it when its type asks for that. Returns the
 * problem in the kubelet's words: https://kubernetes.io/docs/concepts/storage/volumes/#hostpath
 */
export function prepareHostPath({ path, type = '' }: NonNullable<Volume['hostPath']>): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  const [is, what] = CHECKS[type.replace('OrCreate', '')] ?? []
  if (stats) return is && what && !is(stats) ? `hostPath type check failed: ${path} is not ${what}` : undefined
  try {
    if (type === 'FileOrCreate') writeFileSync(path, '', { flag: 'a' })
    else if (type === 'DirectoryOrCreate' || type === '') mkdirSync(path, { recursive: true })
    else return `hostPath type check failed: ${path} is not ${what}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return undefined
}
