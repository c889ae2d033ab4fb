import { randomInt } from 'node:crypto'

/** The letters of Kubernetes' generated names: no vowels, so that they make no words, and none that look alike. */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** Five random letters: the end of every generated name. */
export function randomSuffix(): string {
  return Array.from({ length: 5 }, () => NAME_LETTERS[randomInt(NAME_LETTERS.length)]).join('')
}
