/** Shorter values are no secrets, and would blank half of each text. */
const SHORTEST = 4
/** As many earlier credentials are remembered as may still come back in an answer. */
const REMEMBERED = 16

/**
 * The credentials that this client sent, to be kept out of each text: a proxy may echo them, or an admission webhook. They are
 * found as they are, URL-encoded, in base64 and as a JSON string has them.
 */
export class OwnSecrets {
  readonly #forms = new Map<string, readonly string[]>()

  /** Takes the value of an Authorization or Proxy-Authorization header. */
  addAuthorization(header: string): void {
    const [, scheme = '', credentials = header] = /^(\S+) +(.*)$/s.exec(header) ?? []
    this.add(credentials)
    if (scheme.toLowerCase() !== 'basic') return
    const decoded = Buffer.from(credentials, 'base64').toString()
    this.add(decoded)
    this.add(decoded.slice(decoded.indexOf(':') + 1))
  }

  add(secret: string | undefined): void {
    if (secret === undefined || secret.length < SHORTEST || this.#forms.has(secret)) return
    const bytes = Buffer.from(secret)
    const forms = [secret, encodeURIComponent(secret), bytes.toString('base64'), bytes.toString('base64url')]
    this.#forms.set(secret, [...new Set([...forms, JSON.stringify(secret).slice(1, -1)])])
    for (const oldest of this.#forms.keys()) {
      if (this.#forms.size <= REMEMBERED) break
      this.#forms.delete(oldest)
    }
  }

  /** The text with each of them replaced by `***`. */
  redact(text: string): string {
    let clean = text
    for (const forms of this.#forms.values()) for (const form of forms) clean = clean.replaceAll(form, '***')
    return clean
  }
}
