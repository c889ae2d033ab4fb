import { Redactor } from '@internal/errors'

/** As many earlier credentials are remembered as may still come back in an answer. */
const REMEMBERED = 16

/** The credentials that this client sent, to be kept out of each text: a proxy may echo them, or an admission webhook. */
export class OwnSecrets {
  readonly #secrets = new Set<string>()
  #redactor: Redactor | undefined

  /** Takes the value of an Authorization header. */
  addAuthorization(header: string): void {
    const [, scheme = '', credentials = header] = /^(\S+) +(.*)$/s.exec(header) ?? []
    this.add(credentials)
    if (scheme.toLowerCase() !== 'basic') return
    const decoded = Buffer.from(credentials, 'base64').toString()
    this.add(decoded)
    this.add(decoded.slice(decoded.indexOf(':') + 1))
  }

  add(secret: string | undefined): void {
    if (secret === undefined || this.#secrets.has(secret)) return
    this.#secrets.add(secret)
    for (const oldest of this.#secrets) {
      if (this.#secrets.size <= REMEMBERED) break
      this.#secrets.delete(oldest)
    }
    this.#redactor = undefined
  }

  /** Replaces each of them in a text. */
  get redactor(): Redactor {
    this.#redactor ??= new Redactor(this.#secrets)
    return this.#redactor
  }
}
