import { LASTING_EXIT_CODES } from '@internal/contract'
import type { V1Job, V1JobSpec, V1PodFailurePolicy, V1PodSpec } from '@kubernetes/client-node'
import { applyTemplate } from './apply-template.ts'
import { brokerSecretRef } from './broker-secret.ts'
import { requireValidSpec } from './check-spec.ts'
import { completionsOf } from './completions.ts'
import { requiredMaxFailedIndexes } from './job-limits.ts'
import type { JobSpec } from './job-spec.ts'
import { MANAGED_BY } from './managed-by.ts'
import { containerSecurityContext, podSecurityContext } from './pod-security.ts'
import { WORKER_CONTAINER } from './worker-container.ts'
import { workerEnv } from './worker-env.ts'

const DAY_MS = 86_400_000

/**
 * Builds the Job that {@link submitJob} would create, without talking to anything. Of the broker's address it holds only a
 * reference to a Secret: {@link buildManifests} makes that too.
 *
 * @throws {K8sError} `INVALID_OPTIONS` with everything that is wrong with the spec.
 */
export function buildJob(spec: JobSpec): V1Job {
  requireValidSpec('buildJob', spec)
  return assembleJob(spec)
}

/**
 * A Job from a spec that was checked, with the spec's `template` applied.
 *
 * @param secretName the run's own Secret, when the spec holds the address itself
 * @throws {K8sError} `INVALID_OPTIONS` when `template` throws, or returns no Job that Kubernetes can store
 */
export function assembleJob(spec: JobSpec, secretName?: string): V1Job {
  return applyTemplate(jobOf(spec, secretName), spec.template)
}

function jobOf(spec: JobSpec, secretName?: string): V1Job {
  const indexed = spec.completionMode !== 'NonIndexed'
  const labels = { [MANAGED_BY.label]: MANAGED_BY.value, ...spec.labels }
  const annotations = spec.annotations === undefined ? {} : { annotations: { ...spec.annotations } }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: spec.name,
      ...(spec.namespace === undefined ? {} : { namespace: spec.namespace }),
      labels: { ...labels },
      ...annotations,
    },
    spec: {
      completions: completionsOf(spec),
      parallelism: spec.parallelism ?? 1,
      completionMode: indexed ? 'Indexed' : 'NonIndexed',
      ...backoffLimit(spec, indexed),
      ttlSecondsAfterFinished: Math.ceil((spec.ttlMs ?? DAY_MS) / 1000),
      ...(spec.failFast === true ? { podFailurePolicy: failFastPolicy() } : {}),
      ...(spec.deadlineMs === undefined ? {} : { activeDeadlineSeconds: Math.ceil(spec.deadlineMs / 1000) }),
      template: {
        metadata: { labels: { ...labels }, ...structuredClone(annotations) },
        spec: podSpec(spec, secretName),
      },
    },
  }
}

/**
 * A limit for each index, with restartPolicy Never, makes the controller delay a failed index alone; one limit for the
 * Job makes it start no pod at all for up to ten minutes. Either must not be what ends a run: each item may fail as often
 * as its queue's delivery limit allows, and any index may be the one that took it.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index
 */
function backoffLimit(spec: JobSpec, indexed: boolean): Partial<V1JobSpec> {
  const limit = Math.min(2 ** 31 - 1, Math.max(1000, spec.items * 100))
  if (!indexed || spec.restartPolicy === 'OnFailure') return { backoffLimit: limit }
  const maxFailedIndexes = requiredMaxFailedIndexes({ completions: completionsOf(spec), indexed, limitPerIndex: true })
  return { backoffLimitPerIndex: limit, ...(maxFailedIndexes === undefined ? {} : { maxFailedIndexes }) }
}

/** Exit codes by which podqueue's worker says that no further attempt will fare better. Disruptions do not count against a limit. */
function failFastPolicy(): V1PodFailurePolicy {
  return {
    rules: [
      {
        action: 'FailJob',
        onExitCodes: { containerName: WORKER_CONTAINER, operator: 'In', values: [...LASTING_EXIT_CODES] },
      },
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    ],
  }
}

function podSpec(spec: JobSpec, secretName?: string): V1PodSpec {
  return {
    restartPolicy: spec.restartPolicy ?? 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: spec.serviceLinks ?? false,
    securityContext: podSecurityContext(spec.podSecurity ?? 'baseline'),
    ...(spec.serviceAccountName === undefined ? {} : { serviceAccountName: spec.serviceAccountName }),
    ...(spec.imagePullSecrets === undefined
      ? {}
      : { imagePullSecrets: spec.imagePullSecrets.map((name) => ({ name })) }),
    ...(spec.nodeSelector === undefined ? {} : { nodeSelector: { ...spec.nodeSelector } }),
    ...(spec.tolerations === undefined ? {} : { tolerations: [...spec.tolerations] }),
    ...(spec.volumes === undefined ? {} : { volumes: [...spec.volumes] }),
    containers: [
      {
        name: WORKER_CONTAINER,
        image: spec.image,
        ...(spec.imagePullPolicy === undefined ? {} : { imagePullPolicy: spec.imagePullPolicy }),
        ...(spec.command === undefined ? {} : { command: [...spec.command] }),
        ...(spec.args === undefined ? {} : { args: [...spec.args] }),
        env: workerEnv(spec, brokerSecretRef(spec, secretName)),
        ...(spec.resources === undefined ? {} : { resources: spec.resources }),
        ...(spec.volumeMounts === undefined ? {} : { volumeMounts: [...spec.volumeMounts] }),
        securityContext: containerSecurityContext(),
        // The end of the log of a failed program can be read without the right to read logs.
        terminationMessagePolicy: 'FallbackToLogsOnError',
      },
    ],
  }
}
