/** The password of every address that a call is given. */
export const PASSWORD = 'Pa55w0rdThatMustStaySecret'
/** The token of every API client. */
export const TOKEN = 'T0kenThatMustStaySecret4b2f9c'
/** A part of every item's body. */
export const BODY = 'B0dyThatMustStaySecret'

const FORMS = [PASSWORD, TOKEN, BODY].flatMap((secret) => [
  secret,
  ...[0, 1, 2].map((before) =>
    Buffer.from(`${'x'.repeat(before)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '')
      .slice(before === 0 ? 0 : before + 1, -1),
  ),
])

/** The first secret in a text, with the words around it; undefined when there is none. */
export function secretIn(text: string): string | undefined {
  for (const form of FORMS) {
    const at = text.indexOf(form)
    if (at !== -1) return text.slice(Math.max(0, at - 80), at + form.length + 20)
  }
  return undefined
}
