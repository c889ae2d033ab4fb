import { randomUUID } from 'node:crypto'
import { completedPodSpec } from '../admission/pod-spec.ts'
import { qosClassOf } from '../admission/resources.ts'
import { TRACKING_FINALIZER } from '../deletion/finalizers.ts'
import { randomSuffix } from '../objects/generated-name.ts'
import { type Container, type EnvVar, type Job, kubeTime, type OwnerReference, type Pod } from '../objects/objects.ts'
import { FAILURE_COUNT_KEY, INDEX_KEY } from './pod-facts.ts'
import { type NewPod, namePrefix } from './pod-plan.ts'

/** A pod of a Job's template. */
export function podOf(job: Job, { index, earlierFailures }: NewPod): Pod {
  const { metadata, spec } = job.spec.template
  const { name, namespace = 'default' } = job.metadata
  const generateName = namePrefix(name, index)
  const indexed = index !== undefined
  const full = completedPodSpec(spec)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: generateName + randomSuffix(),
      generateName,
      namespace,
      uid: randomUUID(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp: kubeTime(Date.now()),
      labels: { ...metadata?.labels, ...(indexed && { [INDEX_KEY]: String(index) }) },
      annotations: {
        ...metadata?.annotations,
        ...(indexed && { [INDEX_KEY]: String(index) }),
        ...(earlierFailures !== undefined && { [FAILURE_COUNT_KEY]: String(earlierFailures) }),
      },
      ownerReferences: [jobReference(job)],
      finalizers: [TRACKING_FINALIZER],
    },
    spec: {
      ...full,
      containers: indexed ? full.containers.map(withIndex) : full.containers,
      ...(indexed && full.initContainers && { initContainers: full.initContainers.map(withIndex) }),
      ...(indexed && spec.hostname === undefined && { hostname: `${name}-${index}` }),
    },
    status: { phase: 'Pending', qosClass: qosClassOf(full.containers) },
  }
}

/** The reference by which a pod belongs to a Job. */
export function jobReference({ metadata: { name, uid } }: Job): OwnerReference {
  return { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true }
}

function withIndex(container: Container): Container {
  const variable: EnvVar = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX_KEY}']` } },
  }
  if (container.env?.some(({ name }) => name === variable.name)) return container
  return { ...container, env: [...(container.env ?? []), variable] }
}
