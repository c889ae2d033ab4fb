// Greedy up to the last `@` of the word: a password may itself contain an unescaped `@`, `/` or `#`. The `@` of a `file:`
// URL is that of a package's scope, as in every stack trace, and `user:password@` is how a hint says what to write.
const USERINFO = /\b(?!file:)([a-z][a-z0-9+.-]*:\/\/)(?!user:password@host\b)[^\s"'<>]*@/gi

/** The text with the user and password of every address in it replaced by `***`. */
export function redact(text: string): string {
  return text.replace(USERINFO, '$1***@')
}
