/**
 * Replaces the secrets that can be known by their form with `***`: the user and password of every address, the value of an
 * `Authorization` header, bearer and basic credentials, JSON Web Tokens, private keys, and the values of fields that are
 * named like a password or a token.
 *
 * Takes time in proportion to the length of the text.
 */
export function redact(text: string): string {
  let redacted = text.replace(WORD, withoutUserinfo)
  for (const [form, shown] of FORMS) redacted = redacted.replace(form, shown)
  return redacted.replace(BASIC, (all, scheme: string, value: string) =>
    isUserAndPassword(value) ? `${scheme} ***` : all,
  )
}

const WORD = /[^\s"'<>]+/g

/** A scheme is short: a longer one is not looked for, so that a long word is read once. */
const LONGEST_SCHEME = 40

/** A word up to its last `@`: a password may contain an `@`, `/` or `#` that is not escaped. */
function withoutUserinfo(word: string): string {
  const end = word.lastIndexOf('@')
  if (end === -1) return word
  for (let at = word.indexOf('://'); at !== -1 && at < end; at = word.indexOf('://', at + 3)) {
    const scheme = /[a-z][a-z0-9+.-]*$/i.exec(word.slice(Math.max(0, at - LONGEST_SCHEME), at))?.[0]
    // The `@` of a `file:` URL belongs to the scope of a package, as in every stack trace.
    if (scheme === undefined || scheme.toLowerCase() === 'file') continue
    // This is how a hint shows the form of an address.
    if (/^user:password@host\b/.test(word.slice(at + 3, at + 30))) continue
    return `${word.slice(0, at + 3)}***${word.slice(end)}`
  }
  return word
}

const FORMS: readonly (readonly [RegExp, string])[] = [
  [/(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)[^-]*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g, '$1***'],
  // The header, as it is sent, as JSON, or as a program prints it. The scheme may be shown, all after it may not.
  [
    /\b((?:proxy-)?authorization["']?\s{0,4}[:=]\s{0,4}["']?)(?:(bearer|basic|negotiate|digest|token) +)?[^\s"',;]+/gi,
    '$1$2 ***',
  ],
  [/\b((?:set-)?cookie["']?\s{0,4}:\s{0,4}["']?)[^\r\n"']+/gi, '$1***'],
  [/\b(bearer) +[A-Za-z0-9+/=._~-]{16,}/gi, '$1 ***'],
  [/\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?/g, '***'],
  [/\b(?:k8s-aws-v1|ya29)\.[\w.-]+/g, '***'],
  [
    /("(?:[\w-]{0,40}(?:password|passwd|secret|token|api[-_]?key)|client-key-data|clientKeyData|keyData)"\s{0,4}:\s{0,4}")(?:[^"\\]|\\.)*/gi,
    '$1***',
  ],
  [/\b((?:[\w-]{0,40}[-_])?(?:password|passwd|pwd|secret|token|api[-_]?key)=)[^\s"',;&]+/gi, '$1***'],
]

const BASIC = /\b(basic) +([A-Za-z0-9+/]{4,}={0,2})/gi

/** Tells credentials from the words `Basic authentication`. */
function isUserAndPassword(base64: string): boolean {
  return Buffer.from(base64, 'base64').toString('latin1').includes(':')
}
