/** The path of something in a container, and its path on this machine. */
export interface Mount {
  readonly mountPath: string
  readonly path: string
}

/** Characters that continue a path or a name: after one of them, or before one, a mount's path is a part of another path. */
const BEFORE = '[\\w.~/\\\\)}-]'
const AFTER = '[\\w.-]'

/**
 * Replaces the paths of mounts in a text by the real paths: at its beginning, after a space, a quote, `=`, `:`, `>` and the
 * like. So a script, a flag or a value of JSON finds its files. The longest mount wins. `/data-2`, `/mnt/data` and
 * `$DIR/data` are not in the mount `/data`, and stay.
 */
export function withRealPaths(text: string, mounts: readonly Mount[]): string {
  const real = new Map(mounts.map(({ mountPath, path }) => [mountPath, path]))
  const whole = real.get(text)
  if (whole !== undefined) return whole
  const paths = [...real.keys()]
    .filter((path) => path !== '/' && text.includes(path))
    .sort((a, b) => b.length - a.length)
  if (paths.length === 0) return text
  const pattern = new RegExp(`(?<!${BEFORE})(?:${paths.map(literally).join('|')})(?!${AFTER})`, 'g')
  return text.replace(pattern, (path) => real.get(path) ?? path)
}

/** A pattern that matches the text itself. */
function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
