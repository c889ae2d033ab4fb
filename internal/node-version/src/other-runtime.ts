/** The runtime when it is not Node, such as `Bun 1.4.5`: it says so beside the version of Node that it stands for. */
export function otherRuntime(
  versions: Readonly<Record<string, string | undefined>> = process.versions,
): string | undefined {
  if (versions.bun !== undefined) return `Bun ${versions.bun}`
  if (versions.deno !== undefined) return `Deno ${versions.deno}`
  return undefined
}
