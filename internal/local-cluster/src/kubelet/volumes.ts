import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ConfigMap, Container, KeyToPath, Pod, Secret, Volume } from '../objects/objects.ts'
import { CONFIG_MAPS, SECRETS } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'
import { prepareHostPath } from './host-path.ts'
import type { Mount } from './mount-paths.ts'

const DEFAULT_MODE = 0o644

/** The files of a volume by their paths in it, with their modes. */
type Files = readonly { readonly path: string; readonly bytes: Buffer; readonly mode: number }[]

/** Whether the local cluster has volumes of this kind. The others are among the ignored fields. */
export function isHonoured(volume: Volume): boolean {
  return [volume.emptyDir, volume.hostPath, volume.secret, volume.configMap].some((source) => source !== undefined)
}

/**
 * Makes the directories of a pod's volumes and fills those of Secrets and ConfigMaps. Returns the problem that keeps the pod
 * from starting, in the kubelet's words; undefined when everything is there.
 */
export function setUpVolumes(pod: Pod, store: Store, folder: string): string | undefined {
  for (const volume of pod.spec.volumes ?? []) {
    if (!isHonoured(volume)) continue
    const failed = (why: string) => `MountVolume.SetUp failed for volume "${volume.name}" : ${why}`
    if (volume.hostPath) {
      const problem = prepareHostPath(volume.hostPath)
      if (problem !== undefined) return failed(problem)
      continue
    }
    const files = filesOf(volume, pod, store)
    if (typeof files === 'string') return failed(files)
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

/** The mounts of a container. Makes the directory that a `subPath` names. */
export function mountsOf(container: Container, pod: Pod, folder: string): Mount[] {
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath = '' }) => {
    const volume = pod.spec.volumes?.find((each) => each.name === name)
    if (volume === undefined || !isHonoured(volume)) return []
    const path = join(volume.hostPath?.path ?? volumeFolder(folder, pod, name), subPath)
    if (volume.emptyDir) mkdirSync(path, { recursive: true })
    return [{ mountPath: mountPath.replace(/(?<=.)\/+$/, ''), path }]
  })
}

function volumeFolder(folder: string, pod: Pod, name: string): string {
  return join(folder, 'pods', pod.metadata.uid, 'volumes', name)
}

/** The files of a volume; a text when something is missing, which says what. */
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
