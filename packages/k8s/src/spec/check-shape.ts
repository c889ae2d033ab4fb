import type { Problems } from '@internal/options'
import { findNotPlain } from './plain-data.ts'

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The entries of an option that must be an object. Adds a problem and returns none when it is something else. */
export function entriesOf(problems: Problems, path: string, value: unknown): [string, unknown][] {
  if (value === undefined) return []
  if (isObject(value)) return Object.entries(value)
  problems.add(path, "must be an object, such as { name: 'value' }")
  return []
}

/** Checks an option that must be an array of strings. Returns whether it is there and right. */
export function checkStrings(problems: Problems, path: string, value: unknown): value is readonly string[] {
  if (value === undefined) return false
  const right = Array.isArray(value) && value.every((item) => typeof item === 'string')
  if (!right) problems.add(path, "must be an array of strings, such as ['node', 'worker.js']")
  return right
}

/** Checks an option that is passed on in Kubernetes' own form: an array of objects of plain data. */
export function checkObjects(problems: Problems, path: string, value: unknown): void {
  if (value === undefined) return
  if (Array.isArray(value) && value.every(isObject)) checkPlain(problems, path, value)
  else problems.add(path, 'must be an array of objects in the form that Kubernetes gives them')
}

/** Checks that JSON can hold a value. */
export function checkPlain(problems: Problems, path: string, value: unknown): void {
  const found = findNotPlain(value)
  if (found === undefined) return
  const separator = found.path === '' || found.path.startsWith('[') ? '' : '.'
  problems.add(`${path}${separator}${found.path}`, found.problem)
}
