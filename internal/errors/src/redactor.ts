import { redact } from './redact.ts'

/** Shorter secrets would hide ordinary letters all over a text, and guard nothing. */
const SHORTEST_SECRET = 4

/**
 * Replaces given secrets with `***`, beside all that {@link redact} knows by its form. Each secret is found as it is, as URLs
 * and JSON encode it, and as base64 at any place of a longer value, such as `user:password` in an `Authorization` header.
 */
export class Redactor {
  /** Longest first, so that no secret hides a part of a longer one. */
  readonly #forms: readonly string[]
  /** The length of the longest form, in UTF-16 units. */
  readonly longest: number

  /** @param secrets passwords, tokens, and the like. Those of fewer than 4 characters are ignored. */
  constructor(secrets: Iterable<string | undefined>) {
    const forms = new Set<string>()
    for (const secret of secrets) {
      if (secret === undefined || secret.length < SHORTEST_SECRET) continue
      for (const form of formsOf(secret)) if (form.length >= SHORTEST_SECRET) forms.add(form)
    }
    this.#forms = [...forms].toSorted((one, other) => other.length - one.length)
    this.longest = this.#forms[0]?.length ?? 0
  }

  redact(text: string): string {
    let redacted = text
    for (const form of this.#forms) redacted = redacted.replaceAll(form, '***')
    return redact(redacted)
  }
}

function* formsOf(secret: string): Iterable<string> {
  yield secret
  yield secret.trim()
  yield JSON.stringify(secret).slice(1, -1)
  const escaped = encodeURIComponent(secret.toWellFormed())
  yield escaped
  yield escaped.replace(/%../g, (code) => code.toLowerCase())
  // As forms and `new URL` encode it.
  yield escaped.replace(/%20/g, '+')
  yield escaped.replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
  for (const encoded of base64Of(secret)) {
    yield encoded
    yield encoded.replaceAll('+', '-').replaceAll('/', '_')
  }
}

/** Three bytes are four letters, so a secret within a longer value has three forms, less the letters that it shares. */
function* base64Of(secret: string): Iterable<string> {
  const bytes = Buffer.from(secret)
  // A shorter one would leave letters that stand in other words too.
  if (bytes.length < 6) return
  for (const before of [0, 1, 2]) {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const shared = (before + bytes.length) % 3 === 0 ? 0 : 1
    yield whole.slice(before === 0 ? 0 : before + 1, whole.length - shared)
  }
}
