import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ConfigMap, Container, KeyToPath, Pod, Secret, Volume } from '../objects.ts'
import { CONFIG_MAPS, SECRETS } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'

const DEFAULT_MODE = 0o644

/** The files of a volume by their paths in it, with their modes. */
type Files = readonly { readonly path: string; readonly bytes: Buffer; readonly mode: number }[]

/** Where a container would see something, and where it is on this machine. */
export interface Mount {
  readonly mountPath: string
  readonly path: string
}

/** Whether a volume is a directory here. What is not is told of as not honoured. */
export function isHonoured(volume: Volume): boolean {
  return volume.emptyDir !== undefined || volume.secret !== undefined || volume.configMap !== undefined
}

/**
 * Makes the directories of a pod's volumes and fills those of Secrets and ConfigMaps. Returns what keeps the pod from
 * starting, in the kubelet's words; nothing when all is there.
 */
export function setUpVolumes(pod: Pod, store: Store, folder: string): string | undefined {
  for (const volume of pod.spec.volumes ?? []) {
    if (!isHonoured(volume)) continue
    const files = filesOf(volume, pod, store)
    if (typeof files === 'string') return `MountVolume.SetUp failed for volume "${volume.name}" : ${files}`
    const at = volumeFolder(folder, pod, volume.name)
    mkdirSync(at, { recursive: true, mode: 0o700 })
    for (const { path, bytes, mode } of files) {
      const file = join(at, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, bytes, { mode })
    }
  }
  return undefined
}

/** Where the mounts of a container are. Makes the directory that a `subPath` names. */
export function mountsOf(container: Container, pod: Pod, folder: string): Mount[] {
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath = '' }) => {
    const volume = pod.spec.volumes?.find((each) => each.name === name)
    if (volume === undefined || !isHonoured(volume)) return []
    const path = join(volumeFolder(folder, pod, name), subPath)
    if (volume.emptyDir) mkdirSync(path, { recursive: true })
    return [{ mountPath: mountPath.replace(/(?<=.)\/+$/, ''), path }]
  })
}

/** A text that begins with a mount's path begins with where that is; the longest mount wins, any other text stays. */
export function rewritten(text: string, mounts: readonly Mount[]): string {
  const [best] = mounts
    .filter(({ mountPath }) => text === mountPath || text.startsWith(`${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)
  return best === undefined ? text : best.path + text.slice(best.mountPath.length)
}

function volumeFolder(folder: string, pod: Pod, name: string): string {
  return join(folder, 'pods', pod.metadata.uid, 'volumes', name)
}

/** What is missing as a text. */
function filesOf({ secret, configMap }: Volume, pod: Pod, store: Store): Files | string {
  const { namespace } = pod.metadata
  if (secret) {
    const { secretName: name = '', optional, items, defaultMode } = secret
    const found = store.get<Secret>(SECRETS, namespace, name)
    if (!found && !optional) return `secret "${name}" not found`
    const entries = Object.entries(found?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const)
    return chosen(new Map(entries), items, optional, defaultMode, 'references non-existent secret key')
  }
  if (configMap) {
    const { name = '', optional, items, defaultMode } = configMap
    const found = store.get<ConfigMap>(CONFIG_MAPS, namespace, name)
    if (!found && !optional) return `configmap "${name}" not found`
    const texts = Object.entries(found?.data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const)
    const bytes = Object.entries(found?.binaryData ?? {}).map(
      ([key, text]) => [key, Buffer.from(text, 'base64')] as const,
    )
    const complaint = 'configmap references non-existent config key'
    return chosen(new Map([...texts, ...bytes]), items, optional, defaultMode, complaint)
  }
  return []
}

function chosen(
  contents: ReadonlyMap<string, Buffer>,
  items: readonly KeyToPath[] | undefined,
  optional = false,
  defaultMode: number = DEFAULT_MODE,
  complaint: string,
): Files | string {
  if (items === undefined) return [...contents].map(([path, bytes]) => ({ path, bytes, mode: defaultMode }))
  const files: { path: string; bytes: Buffer; mode: number }[] = []
  for (const { key, path, mode = defaultMode } of items) {
    const bytes = contents.get(key)
    if (bytes) files.push({ path, bytes, mode })
    else if (!optional) return `${complaint}: ${key}`
  }
  return files
}
