/**
 * The variables of the cluster's own process that its pods see: where programs, homes, temporary files and certificates
 * are, and the language. Nothing else: an app's environment holds its secrets, and in a real cluster no pod sees them.
 */
const INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]

/** Picks those, and those that the user names besides. */
export function inheritedEnvironment(names: readonly string[], env: NodeJS.ProcessEnv): Record<string, string> {
  const wanted = [...INHERITED, ...Object.keys(env).filter((name) => name.startsWith('LC_')), ...names]
  return Object.fromEntries(wanted.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
