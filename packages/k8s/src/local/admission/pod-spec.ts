import type { Container, PodSpec } from '../objects.ts'
import type { FieldErrors } from './field-errors.ts'
import { checkLabelName } from './names.ts'

/** A pod's spec with Kubernetes' defaults. It has no defaults for what is wrong: {@link checkPodSpec} says that. */
export function defaultPodSpec(spec: Partial<PodSpec> | undefined): PodSpec {
  return {
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    ...(spec?.initContainers && { initContainers: spec.initContainers.map(defaultContainer) }),
    containers: (spec?.containers ?? []).map(defaultContainer),
  }
}

function defaultContainer(container: Container): Container {
  const { image = '' } = container
  const latest = !image.includes('@') && (!/:[^/]*$/.test(image) || image.endsWith(':latest'))
  return {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: latest ? 'Always' : 'IfNotPresent',
    ...container,
  }
}

/** The plain mistakes. `policies` are the restart policies that are allowed here. */
export function checkPodSpec(errors: FieldErrors, at: string, spec: PodSpec, policies: readonly string[]): void {
  if (spec.containers.length === 0) errors.required(`${at}.containers`)
  const names = new Set<string>()
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      checkContainer(errors, `${at}.${list}[${index}]`, container)
      if (names.has(container.name)) errors.duplicate(`${at}.${list}[${index}].name`, container.name)
      else if (container.name) names.add(container.name)
    }
  }
  const { restartPolicy } = spec
  if (restartPolicy === undefined || !policies.includes(restartPolicy)) {
    const words = policies.map((word) => JSON.stringify(word)).join(', ')
    // A Job's template gets no default; what a pod could have and a Job not is "required" too.
    if (!policies.includes('Always')) errors.required(`${at}.restartPolicy`, `valid values: ${words}`)
    else errors.notSupported(`${at}.restartPolicy`, restartPolicy, policies)
  }
}

function checkContainer(errors: FieldErrors, at: string, { name, image, env }: Container): void {
  checkLabelName(errors, `${at}.name`, name)
  if (image === undefined || image === '') errors.required(`${at}.image`)
  else if (image !== image.trim()) errors.invalid(`${at}.image`, image, 'must not have leading or trailing whitespace')
  for (const [index, variable] of (env ?? []).entries()) {
    const where = `${at}.env[${index}]`
    if (variable.name === undefined || variable.name === '') errors.required(`${where}.name`)
    if (variable.valueFrom === undefined) continue
    if (variable.value !== undefined && variable.value !== '') {
      errors.invalid(`${where}.valueFrom`, '', 'may not be specified when `value` is not empty')
    }
    if (Object.keys(variable.valueFrom).length === 0) {
      const sources = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
      errors.invalid(`${where}.valueFrom`, '', `must specify one of: ${sources}`)
    }
  }
}
