import type { Container, EnvVar, PodSpec } from '../objects.ts'
import type { FieldErrors } from './field-errors.ts'
import { checkLabelName, checkReference } from './names.ts'
import { checkResources, plainResources, withRequests } from './resources.ts'
import { checkMounts, checkVolumes, defaultVolume } from './volumes.ts'

const MAX_INT32 = 2_147_483_647
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const FIELDS =
  /^(metadata\.(name|namespace|uid|(labels|annotations)\['.+'\])|spec\.(nodeName|serviceAccountName)|status\.(podIP|podIPs|hostIP|hostIPs))$/

/** A pod's spec with Kubernetes' defaults. It has no defaults for what is wrong: {@link checkPodSpec} says that. */
export function defaultPodSpec(spec: Partial<PodSpec> | undefined): PodSpec {
  // The old name of the same field.
  const account = spec?.serviceAccountName ?? (spec?.serviceAccount as string | undefined)
  return {
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    ...(account !== undefined && { serviceAccountName: account, serviceAccount: account }),
    ...(spec?.volumes && { volumes: spec.volumes.map(defaultVolume) }),
    ...(spec?.initContainers && { initContainers: spec.initContainers.map(defaultContainer) }),
    containers: (spec?.containers ?? []).map(defaultContainer),
  }
}

/** What a pod itself has besides its template: an account, and requests that follow from limits. */
export function completedPodSpec(spec: PodSpec): PodSpec {
  const complete = (container: Container) => ({ ...container, resources: withRequests(container.resources) })
  return {
    serviceAccountName: 'default',
    serviceAccount: 'default',
    ...spec,
    ...(spec.initContainers && { initContainers: spec.initContainers.map(complete) }),
    containers: spec.containers.map(complete),
  }
}

function defaultContainer(container: Container): Container {
  const { image = '' } = container
  const latest = !image.includes('@') && (!/:[^/]*$/.test(image) || image.endsWith(':latest'))
  return {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: latest ? 'Always' : 'IfNotPresent',
    ...container,
    resources: plainResources(container.resources),
    ...(container.env && { env: container.env.map(defaultVariable) }),
  }
}

function defaultVariable(variable: EnvVar): EnvVar {
  const { fieldRef, resourceFieldRef } = variable.valueFrom ?? {}
  if (fieldRef) return { ...variable, valueFrom: { fieldRef: { apiVersion: 'v1', ...fieldRef } } }
  if (resourceFieldRef) return { ...variable, valueFrom: { resourceFieldRef: { divisor: '0', ...resourceFieldRef } } }
  return variable
}

/** The plain mistakes. `policies` are the restart policies that are allowed here. */
export function checkPodSpec(errors: FieldErrors, at: string, spec: PodSpec, policies: readonly string[]): void {
  checkVolumes(errors, `${at}.volumes`, spec.volumes)
  if (spec.containers.length === 0) errors.required(`${at}.containers`)
  const names = new Set<string>()
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      checkContainer(errors, `${at}.${list}[${index}]`, container)
      checkMounts(errors, `${at}.${list}[${index}].volumeMounts`, container.volumeMounts, spec.volumes)
      if (names.has(container.name)) errors.duplicate(`${at}.${list}[${index}].name`, container.name)
      else if (container.name) names.add(container.name)
    }
  }
  const { restartPolicy, activeDeadlineSeconds: deadline } = spec
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    errors.invalid(`${at}.activeDeadlineSeconds`, deadline, `must be between 1 and ${MAX_INT32}, inclusive`)
  }
  if (restartPolicy === undefined || !policies.includes(restartPolicy)) {
    const words = policies.map((word) => JSON.stringify(word)).join(', ')
    // A Job's template gets no default; what a pod could have and a Job not is "required" too.
    if (!policies.includes('Always')) errors.required(`${at}.restartPolicy`, `valid values: ${words}`)
    else errors.notSupported(`${at}.restartPolicy`, restartPolicy, policies)
  }
}

function checkContainer(errors: FieldErrors, at: string, { name, image, env, resources }: Container): void {
  checkLabelName(errors, `${at}.name`, name)
  if (image === undefined || image === '') errors.required(`${at}.image`)
  else if (image !== image.trim()) errors.invalid(`${at}.image`, image, 'must not have leading or trailing whitespace')
  for (const [index, variable] of (env ?? []).entries()) {
    const where = `${at}.env[${index}]`
    if (variable.name === undefined || variable.name === '') errors.required(`${where}.name`)
    if (variable.valueFrom === undefined) continue
    checkSource(errors, `${where}.valueFrom`, variable.valueFrom)
    if (variable.value !== undefined && variable.value !== '') {
      errors.invalid(`${where}.valueFrom`, '', 'may not be specified when `value` is not empty')
    }
    if (Object.keys(variable.valueFrom).length === 0) {
      const sources = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
      errors.invalid(`${where}.valueFrom`, '', `must specify one of: ${sources}`)
    }
  }
  checkResources(errors, `${at}.resources`, resources)
}

function checkSource(errors: FieldErrors, at: string, source: NonNullable<EnvVar['valueFrom']>): void {
  const { fieldRef, resourceFieldRef } = source
  if (fieldRef && !FIELDS.test(fieldRef.fieldPath)) {
    const why = `error converting fieldPath: field label not supported: ${fieldRef.fieldPath}`
    errors.invalid(`${at}.fieldRef.fieldPath`, fieldRef.fieldPath, why)
  }
  if (resourceFieldRef && !RESOURCES.includes(resourceFieldRef.resource)) {
    errors.notSupported(`${at}.resourceFieldRef.resource`, resourceFieldRef.resource, RESOURCES)
  }
  for (const kind of ['secretKeyRef', 'configMapKeyRef'] as const) {
    const reference = source[kind]
    if (!reference) continue
    checkReference(errors, `${at}.${kind}.name`, reference.name)
    if (!reference.key) errors.required(`${at}.${kind}.key`)
  }
}
