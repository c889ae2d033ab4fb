const EXAMPLE = "'amqp://user:password@host:5672' or 'amqps://…'"

/**
 * What is wrong with the broker's address for the pods; undefined when nothing is. Every pod would end with exit 78 on it.
 * None of it is repeated in the message: what does not parse may be a password.
 */
export function podUrlProblem(text: string): string | undefined {
  const rest = /^amqps?:\/\/(.*)$/is.exec(text)?.[1]
  if (rest === undefined) return `must be an address like ${EXAMPLE}`
  // An `@` past the first delimiter means that the delimiter belongs to the password.
  const delimiter = rest.search(/[/?#]/)
  if (delimiter !== -1 && rest.includes('@', delimiter)) {
    return `has a user or password with a ${rest[delimiter]} that is not escaped: write it with encodeURIComponent`
  }
  const url = URL.parse(text)
  if (url === null || url.hostname === '' || url.hash !== '') return `must be an address like ${EXAMPLE}`
  if (url.pathname === '/') {
    return 'ends in a path of / alone, the vhost with the empty name: leave it away, or write it as /%2F'
  }
  return undefined
}
