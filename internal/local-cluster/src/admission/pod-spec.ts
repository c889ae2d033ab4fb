import type { Container, EnvVar, PodSpec } from '../objects/objects.ts'
import type { FieldErrors } from './field-errors.ts'
import { checkLabelName, checkLabels, checkReference } from './names.ts'
import { checkResources, plainResources, withRequests } from './resources.ts'
import { checkMounts, checkVolumes, defaultVolume } from './volumes.ts'

const POLICIES: readonly string[] = ['Always', 'OnFailure', 'Never']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError']
/** Printable ASCII but `=`. */
const ENV_NAME = /^[ -<>-~]+$/
const ENV_NAME_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='"
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

/**
 * A pod's spec with the defaults of Kubernetes. Wrong and missing fields stay so: {@link checkPodSpec} finds them. Like
 * Kubernetes it drops the `restartPolicy` of a container, except `Always` of an init container.
 */
export function withPodDefaults(spec: Partial<PodSpec> | undefined): PodSpec {
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
    ...(spec?.initContainers && { initContainers: spec.initContainers.map(defaultInitContainer) }),
    containers: (spec?.containers ?? []).map(defaultContainer),
  }
}

/** Adds the fields that a pod has besides those of its template: an account, and requests that follow from limits. */
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

function defaultInitContainer(container: Container): Container {
  const { restartPolicy } = container
  return { ...defaultContainer(container), ...(restartPolicy === 'Always' && { restartPolicy }) }
}

function defaultContainer({ restartPolicy: _, ...container }: Container): Container {
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

/** The plain mistakes of a pod, or of a template whose restart policy has to be one of `policies`. */
export function checkPodSpec(
  errors: FieldErrors,
  at: string,
  spec: PodSpec,
  policies: readonly string[] = POLICIES,
): void {
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
  checkLabels(errors, `${at}.nodeSelector`, spec.nodeSelector as Readonly<Record<string, string>> | undefined)
  if (spec.hostname) checkLabelName(errors, `${at}.hostname`, spec.hostname)
  errors.oneOf(`${at}.restartPolicy`, restartPolicy, POLICIES)
  if (restartPolicy !== undefined && policies.includes(restartPolicy)) return
  // A policy that only a pod may have is treated as a missing one.
  if (restartPolicy === undefined || restartPolicy === 'Always') {
    errors.required(`${at}.restartPolicy`, `valid values: ${policies.map((word) => JSON.stringify(word)).join(', ')}`)
  } else if (policies !== POLICIES) errors.notSupported(`${at}.restartPolicy`, restartPolicy, policies)
}

function checkContainer(errors: FieldErrors, at: string, container: Container): void {
  const { name, image, env, envFrom, resources, imagePullPolicy, terminationMessagePolicy } = container
  checkLabelName(errors, `${at}.name`, name)
  if (image === undefined || image === '') errors.required(`${at}.image`)
  for (const [index, variable] of (env ?? []).entries()) {
    const where = `${at}.env[${index}]`
    if (variable.name === undefined || variable.name === '') errors.required(`${where}.name`)
    else if (!ENV_NAME.test(variable.name)) errors.invalid(`${where}.name`, variable.name, ENV_NAME_RULE)
    if (variable.valueFrom === undefined) continue
    checkSource(errors, `${where}.valueFrom`, variable.valueFrom)
    const sources = Object.keys(variable.valueFrom).length
    const why =
      sources === 0
        ? 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'
        : variable.value
          ? 'may not be specified when `value` is not empty'
          : 'may not have more than one field specified at a time'
    if (sources !== 1 || variable.value) errors.invalid(`${where}.valueFrom`, '', why)
  }
  for (const { secretRef, configMapRef } of envFrom ?? []) {
    const where = `${at}.envFrom`
    if (!secretRef && !configMapRef) errors.invalid(where, '', 'must specify one of: `configMapRef` or `secretRef`')
    if (secretRef && configMapRef) errors.invalid(where, '', 'may not have more than one field specified at a time')
  }
  checkResources(errors, `${at}.resources`, resources)
  errors.oneOf(`${at}.imagePullPolicy`, imagePullPolicy, PULL_POLICIES)
  errors.oneOf(`${at}.terminationMessagePolicy`, terminationMessagePolicy, MESSAGE_POLICIES)
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
