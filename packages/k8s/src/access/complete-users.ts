/** Properties of a user in a kubeconfig that client-node does not know. */
export interface UserExtras {
  readonly impersonateGroups?: readonly string[]
  readonly impersonateUid?: string
  readonly impersonateExtra?: Readonly<Record<string, readonly string[]>>
}

/** A kubeconfig in a form that client-node reads, and the rest by the name of the user. */
interface Completed {
  readonly document: object
  readonly extras: ReadonlyMap<string, UserExtras>
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Rewrites the users of a parsed kubeconfig for client-node 2.0, which does not read `tokenFile`, `as-groups`, `as-uid` and
 * `as-user-extra`, and takes a relative `exec.command` from the working directory instead of the file's folder.
 * https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo
 *
 * @param resolve makes a path of the file absolute
 */
export function completeUsers(parsed: object, resolve: (path: string) => string): Completed {
  const extras = new Map<string, UserExtras>()
  const { users } = parsed as { readonly users?: unknown }
  if (!Array.isArray(users)) return { document: parsed, extras }
  const completed = users.map((entry: unknown) => {
    if (!isFields(entry) || !isFields(entry.user)) return entry
    if (typeof entry.name === 'string') extras.set(entry.name, extrasOf(entry.user))
    return { ...entry, user: completeUser(entry.user, resolve) }
  })
  return { document: { ...parsed, users: completed }, extras }
}

function completeUser(user: Fields, resolve: (path: string) => string): Fields {
  const { tokenFile, token, exec, ...rest } = user
  return {
    ...rest,
    // The file comes before the token, as in client-go. This provider reads the file again each minute.
    ...(typeof tokenFile === 'string' && tokenFile !== ''
      ? { 'auth-provider': { name: 'tokenFile', config: { tokenFile: resolve(tokenFile) } } }
      : { token }),
    ...(isFields(exec) ? { exec: { ...exec, ...commandOf(exec, resolve) } } : {}),
  }
}

/** A command with a slash is relative to the kubeconfig; one without is found in PATH. */
function commandOf({ command }: Fields, resolve: (path: string) => string): Fields {
  return typeof command === 'string' && command.includes('/') ? { command: resolve(command) } : {}
}

function extrasOf(user: Fields): UserExtras {
  const groups = user['as-groups']
  const uid = user['as-uid']
  const extra = user['as-user-extra']
  return {
    ...(Array.isArray(groups) ? { impersonateGroups: groups.map(String) } : {}),
    ...(typeof uid === 'string' && uid !== '' ? { impersonateUid: uid } : {}),
    ...(isFields(extra) ? { impersonateExtra: valuesOf(extra) } : {}),
  }
}

function valuesOf(extra: Fields): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [values].flat().map(String)]))
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
