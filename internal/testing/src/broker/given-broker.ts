/** The address without its user, password and parameters, for a person to read. */
export function withoutUserinfo(url: string): string {
  // What does not parse is not shown at all: we could not tell which part of it is a password.
  if (!URL.canParse(url)) return 'the address given'
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
