/** The address without its user, password and parameters, for a person to read. */
export function withoutUserinfo(url: string): string {
  // An address that cannot be parsed is not shown at all, since any part of it may be the password.
  if (!URL.canParse(url)) return 'the address given'
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
