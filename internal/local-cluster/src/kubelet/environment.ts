import type { ConfigMap, Container, EnvVar, KeySelector, KubeObject, Pod, Secret } from '../objects/objects.ts'
import { CONFIG_MAPS, SECRETS } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'
import { resourceValue } from './resource-value.ts'

/** Either all variables of a container, or why it cannot be started yet. */
export type Environment = { readonly variables: Record<string, string> } | { readonly missing: string }

class MissingError extends Error {}

/** The variables that a container's own spec asks for. */
export function environmentOf(container: Container, pod: Pod, store: Store): Environment {
  const variables: Record<string, string> = {}
  try {
    for (const { prefix = '', secretRef, configMapRef } of container.envFrom ?? []) {
      const values = secretRef
        ? secretValues(findSource(store, 'secret', pod, secretRef))
        : configMapRef
          ? configMapValues(findSource(store, 'configmap', pod, configMapRef))
          : {}
      for (const [key, value] of Object.entries(values)) variables[prefix + key] = value
    }
    for (const variable of container.env ?? []) {
      const value = variableValue(variable, variables, container, pod, store)
      if (value !== undefined) variables[variable.name] = value
    }
  } catch (error) {
    if (error instanceof MissingError) return { missing: error.message }
    throw error
  }
  return { variables }
}

/**
 * Replaces each `$(NAME)` that is known; `$$` stands for one `$`.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) => {
    if (name === undefined) return '$'
    return Object.hasOwn(variables, name) ? (variables[name] ?? '') : found
  })
}

function variableValue(
  { value, valueFrom }: EnvVar,
  sofar: Record<string, string>,
  container: Container,
  pod: Pod,
  store: Store,
): string | undefined {
  if (!valueFrom) return expand(value ?? '', sofar)
  const { secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef } = valueFrom
  if (secretKeyRef)
    return keyOf('secret', secretValues(findSource(store, 'secret', pod, secretKeyRef)), pod, secretKeyRef)
  if (configMapKeyRef) {
    return keyOf(
      'configmap',
      configMapValues(findSource(store, 'configmap', pod, configMapKeyRef)),
      pod,
      configMapKeyRef,
    )
  }
  if (resourceFieldRef) {
    const { containerName = container.name } = resourceFieldRef
    const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
    return resourceValue(all.find(({ name }) => name === containerName)?.resources, resourceFieldRef)
  }
  return fieldRef && fieldOf(pod, fieldRef.fieldPath)
}

function findSource(
  store: Store,
  kind: 'secret' | 'configmap',
  pod: Pod,
  { name = '', optional }: { name?: string; optional?: boolean },
): KubeObject | undefined {
  const found = store.get(kind === 'secret' ? SECRETS : CONFIG_MAPS, pod.metadata.namespace, name)
  if (!found && !optional) throw new MissingError(`${kind} "${name}" not found`)
  return found
}

function keyOf(
  kind: string,
  values: Readonly<Record<string, string>>,
  pod: Pod,
  { name, key, optional }: KeySelector,
): string | undefined {
  if (Object.hasOwn(values, key)) return values[key]
  if (optional) return undefined
  const title = kind === 'secret' ? 'Secret' : 'ConfigMap'
  throw new MissingError(`couldn't find key ${key} in ${title} ${pod.metadata.namespace}/${name}`)
}

function secretValues(secret: Secret | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}

function configMapValues(map: ConfigMap | undefined): Readonly<Record<string, string>> {
  return map?.data ?? {}
}

function fieldOf({ metadata, spec, status }: Pod, path: string): string | undefined {
  const entry = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path)
  if (entry) return metadata[entry[1] as 'labels' | 'annotations']?.[entry[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid
    case 'spec.nodeName':
      return spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default'
    case 'status.podIP':
    case 'status.podIPs':
    case 'status.hostIP':
    case 'status.hostIPs':
      return status.podIP ?? '127.0.0.1'
    default:
      return undefined
  }
}
