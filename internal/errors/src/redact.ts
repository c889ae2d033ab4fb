// Greedy up to the last `@` of the word: a password may itself contain an unescaped `@`, `/` or `#`.
const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi

/** The text with the user and password of every address in it replaced by `***`. */
export function redact(text: string): string {
  return text.replace(USERINFO, '$1***@')
}
