import type { KeyToPath, Volume, VolumeMount } from '../objects/objects.ts'
import type { FieldErrors } from './field-errors.ts'
import { checkLabelName } from './names.ts'

/** The mode of the files of a Secret or a ConfigMap. */
const DEFAULT_MODE = 0o644
const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

export function defaultVolume(volume: Volume): Volume {
  const { hostPath, secret, configMap } = volume
  return {
    ...volume,
    ...(hostPath && { hostPath: { type: '', ...hostPath } }),
    ...(secret && { secret: { defaultMode: DEFAULT_MODE, ...secret } }),
    ...(configMap && { configMap: { defaultMode: DEFAULT_MODE, ...configMap } }),
  }
}

export function checkVolumes(errors: FieldErrors, at: string, volumes: readonly Volume[] = []): void {
  const names = new Set<string>()
  for (const [index, volume] of volumes.entries()) {
    checkLabelName(errors, `${at}[${index}].name`, volume.name)
    if (names.has(volume.name)) errors.duplicate(`${at}[${index}].name`, volume.name)
    names.add(volume.name)
    const { hostPath, secret, configMap } = volume
    if (hostPath) checkHostPath(errors, `${at}[${index}].hostPath`, hostPath)
    if (secret && !secret.secretName) errors.required(`${at}[${index}].secret.secretName`)
    if (configMap && !configMap.name) errors.required(`${at}[${index}].configMap.name`)
    checkItems(errors, `${at}[${index}].secret.items`, secret?.items)
    checkItems(errors, `${at}[${index}].configMap.items`, configMap?.items)
  }
}

function checkHostPath(errors: FieldErrors, at: string, { path, type }: NonNullable<Volume['hostPath']>): void {
  if (!path) errors.required(`${at}.path`)
  else checkNoBacksteps(errors, `${at}.path`, path)
  errors.oneOf(`${at}.type`, type, HOST_PATH_TYPES)
}

function checkItems(errors: FieldErrors, at: string, items: readonly KeyToPath[] = []): void {
  for (const [index, { key, path }] of items.entries()) {
    if (!key) errors.required(`${at}[${index}].key`)
    if (!path) errors.required(`${at}[${index}].path`)
    else checkInside(errors, `${at}[${index}].path`, path)
  }
}

export function checkMounts(
  errors: FieldErrors,
  at: string,
  mounts: readonly VolumeMount[] = [],
  volumes: readonly Volume[] = [],
): void {
  const paths = new Set<string>()
  for (const [index, { name, mountPath, subPath }] of mounts.entries()) {
    if (!name) errors.required(`${at}[${index}].name`)
    else if (!volumes.some((volume) => volume.name === name)) errors.notFound(`${at}[${index}].name`, name)
    if (!mountPath) errors.required(`${at}[${index}].mountPath`)
    else if (paths.has(mountPath)) errors.invalid(`${at}[${index}].mountPath`, mountPath, 'must be unique')
    paths.add(mountPath)
    if (subPath) checkInside(errors, `${at}[${index}].subPath`, subPath)
  }
}

/** A path that stays within the directory that it is relative to. */
function checkInside(errors: FieldErrors, field: string, path: string): void {
  if (path.startsWith('/')) errors.invalid(field, path, 'must be a relative path')
  checkNoBacksteps(errors, field, path)
}

function checkNoBacksteps(errors: FieldErrors, field: string, path: string): void {
  if (path.split('/').includes('..')) errors.invalid(field, path, "must not contain '..'")
}
