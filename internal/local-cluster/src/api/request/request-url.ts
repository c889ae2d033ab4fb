import { badRequest } from '../../answers/status-error.ts'

/** The parts of a request's URL that decide about it. */
export interface RequestUrl {
  /** Without a slash at its end: Kubernetes answers both. `/` is the root. */
  readonly path: string
  /** The decoded parts of the path. */
  readonly names: readonly string[]
  readonly query: URLSearchParams
}

/** Reads a request's URL. Throws a 400 when it is malformed. */
export function parseRequestUrl(url = '/'): RequestUrl {
  try {
    const { pathname, searchParams } = new URL(`https://local${url.startsWith('/') ? url : `/${url}`}`)
    const names = pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent)
    return { path: pathname.replace(/\/+$/, '') || '/', names, query: searchParams }
  } catch {
    throw badRequest(`the URL of the request is malformed: ${url.slice(0, 200)}`)
  }
}
