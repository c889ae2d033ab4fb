import { expect } from 'vitest'
import { type ContractCluster, shell } from '../contract-cluster.ts'
import { MERGE } from '../kube-client.ts'
import type { Behaviours } from './behaviours.ts'

const container = { name: 'main', image: 'any:1' }
const template = (pod: object = {}, metadata: object = {}) => ({
  metadata,
  spec: { restartPolicy: 'Never', containers: [container], ...pod },
})
const job = (spec: object = {}, pod: object = {}, metadata: object = {}) => ({
  metadata: { name: 'refused', ...metadata },
  spec: { suspend: true, template: template(pod), ...spec },
})
const withContainer = (more: object) => job({}, { containers: [{ ...container, ...more }] })
const indexed = { completions: 2, completionMode: 'Indexed' }
const policy = (...rules: object[]) => ({ podFailurePolicy: { rules } })
const onExit = (values: number[], more: object = {}) => ({ operator: 'In', values, ...more })

type Cause = readonly [
  field: string,
  reason: 'Required' | 'Invalid' | 'NotSupported' | 'Duplicate' | 'NotFound',
  text: string,
]

const NOT_NEGATIVE = 'must be greater than or equal to 0'
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

const POD = 'spec.template.spec'
const MAIN = `${POD}.containers[0]`
const RULE = 'spec.podFailurePolicy.rules[0]'

/** Refused objects, and every cause that the answer has. */
const REFUSED: Readonly<Record<string, readonly [body: object, ...Cause[]]>> = {
  'without a template': [
    { metadata: { name: 'refused' }, spec: {} },
    [`${POD}.containers`, 'Required', 'Required value'],
    [`${POD}.restartPolicy`, 'Required', 'Required value: valid values: "OnFailure", "Never"'],
  ],
  'without a name': [
    job({}, {}, { name: undefined }),
    ['metadata.name', 'Required', 'Required value: name or generateName is required'],
  ],
  'with a name in capitals': [
    job({}, {}, { name: 'Upper' }),
    ['metadata.name', 'Invalid', `Invalid value: "Upper": ${SUBDOMAIN}`],
  ],
  'with a name of 64 characters': [
    job({}, {}, { name: 'a'.repeat(64) }),
    ['spec.template.labels', 'Invalid', `Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`],
    ['spec.template.labels', 'Invalid', `Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`],
  ],
  'with a name that is too long for its indexes': [
    job(indexed, {}, { name: 'a'.repeat(62) }),
    [
      'metadata.name',
      'Invalid',
      `Invalid value: "${'a'.repeat(62)}": will not able to create pod with invalid DNS label: ${'a'.repeat(62)}-1`,
    ],
  ],
  'with an invalid label value': [
    job({}, {}, { labels: { a: 'not one!' } }),
    ['metadata.labels', 'Invalid', `Invalid value: "not one!": ${LABEL_VALUE}`],
  ],
  'with an invalid label key': [
    job({}, {}, { labels: { 'not one': 'a' } }),
    ['metadata.labels', 'Invalid', `Invalid value: "not one": ${NAME_PART}`],
  ],
  'with an invalid annotation key': [
    job({}, {}, { annotations: { 'not one': 'a' } }),
    ['metadata.annotations', 'Invalid', `Invalid value: "not one": ${NAME_PART}`],
  ],
  'with a finalizer of no domain': [
    job({}, {}, { finalizers: ['mine'] }),
    [
      'metadata.finalizers[0]',
      'Invalid',
      'Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ],
  'with an owner that is not told': [
    job({}, {}, { ownerReferences: [{ kind: 'Job', name: 'a' }] }),
    ['metadata.ownerReferences.apiVersion', 'Invalid', 'Invalid value: "": version must not be empty'],
    ['metadata.ownerReferences.uid', 'Invalid', 'Invalid value: "": must not be empty'],
  ],
  ...Object.fromEntries(
    ['parallelism', 'completions', 'backoffLimit', 'activeDeadlineSeconds', 'ttlSecondsAfterFinished'].map((field) => [
      `with ${field} below 0`,
      [job({ [field]: -1 }), [`spec.${field}`, 'Invalid', `Invalid value: -1: ${NOT_NEGATIVE}`] as Cause] as const,
    ]),
  ),
  'with restartPolicy Always': [
    job({}, { restartPolicy: 'Always' }),
    [`${POD}.restartPolicy`, 'Required', 'Required value: valid values: "OnFailure", "Never"'],
  ],
  'without a restartPolicy': [
    job({}, { restartPolicy: undefined }),
    [`${POD}.restartPolicy`, 'Required', 'Required value: valid values: "OnFailure", "Never"'],
  ],
  'with a restartPolicy that nobody knows': [
    job({}, { restartPolicy: 'Sometimes' }),
    [
      `${POD}.restartPolicy`,
      'NotSupported',
      'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
    [`${POD}.restartPolicy`, 'NotSupported', 'Unsupported value: "Sometimes": supported values: "OnFailure", "Never"'],
  ],
  'with a completionMode that nobody knows': [
    job({ completionMode: 'Both' }),
    ['spec.completionMode', 'NotSupported', 'Unsupported value: "Both": supported values: "NonIndexed", "Indexed"'],
  ],
  'that is Indexed without completions': [
    job({ completionMode: 'Indexed', parallelism: 2 }),
    ['spec.completions', 'Required', 'Required value: when completion mode is Indexed'],
  ],
  'that is Indexed with too many pods at a time': [
    job({ ...indexed, completions: 200_000, parallelism: 200_000 }),
    [
      'spec.parallelism',
      'Invalid',
      'Invalid value: 200000: must be less than or equal to 100000 when completion mode is Indexed',
    ],
  ],
  'with backoffLimitPerIndex and no indexes': [
    job({ backoffLimitPerIndex: 1 }),
    ['spec.backoffLimitPerIndex', 'Invalid', 'Invalid value: 1: requires indexed completion mode'],
  ],
  'with maxFailedIndexes and no backoffLimitPerIndex': [
    job({ ...indexed, maxFailedIndexes: 1 }),
    ['spec.backoffLimitPerIndex', 'Required', 'Required value: when maxFailedIndexes is specified'],
  ],
  'with maxFailedIndexes over its completions': [
    job({ ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 3 }),
    ['spec.maxFailedIndexes', 'Invalid', 'Invalid value: 3: must be less than or equal to completions'],
  ],
  'with podFailurePolicy and OnFailure': [
    job(policy({ action: 'FailJob', onExitCodes: onExit([1]) }), { restartPolicy: 'OnFailure' }),
    [
      `${POD}.restartPolicy`,
      'Invalid',
      'Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
    ],
  ],
  'with a rule that asks for nothing': [
    job(policy({ action: 'FailJob' })),
    [RULE, 'Invalid', 'Invalid value: specifying one of OnExitCodes and OnPodConditions is required'],
  ],
  'with a rule for exit code 0': [
    job(policy({ action: 'FailJob', onExitCodes: onExit([0]) })),
    [`${RULE}.onExitCodes.values[0]`, 'Invalid', 'Invalid value: 0: must not be 0 for the In operator'],
  ],
  'with a rule for no exit code': [
    job(policy({ action: 'FailJob', onExitCodes: onExit([]) })),
    [`${RULE}.onExitCodes.values`, 'Invalid', 'Invalid value: []: at least one value is required'],
  ],
  'with a rule whose exit codes are not in order, and twice': [
    job(policy({ action: 'FailJob', onExitCodes: onExit([2, 2, 1]) })),
    [`${RULE}.onExitCodes.values[1]`, 'Duplicate', 'Duplicate value: 2'],
    [`${RULE}.onExitCodes.values`, 'Invalid', 'Invalid value: [2,2,1]: must be ordered'],
  ],
  'with a rule for a container that is not there': [
    job(policy({ action: 'FailJob', onExitCodes: onExit([1], { containerName: 'other' }) })),
    [
      `${RULE}.onExitCodes.containerName`,
      'Invalid',
      'Invalid value: "other": must be one of the container or initContainer names in the pod template',
    ],
  ],
  'with a rule whose action nobody knows': [
    job(policy({ action: 'Panic', onExitCodes: onExit([1]) })),
    [
      `${RULE}.action`,
      'NotSupported',
      'Unsupported value: "Panic": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
    ],
  ],
  'with FailIndex and no backoffLimitPerIndex': [
    job(policy({ action: 'FailIndex', onExitCodes: onExit([1]) })),
    [`${RULE}.action`, 'Invalid', 'Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set'],
  ],
  'with podFailurePolicy that is to replace pods before they have failed': [
    job({ podReplacementPolicy: 'TerminatingOrFailed', ...policy({ action: 'FailJob', onExitCodes: onExit([1]) }) }),
    [
      'spec.podReplacementPolicy',
      'NotSupported',
      'Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
    ],
  ],
  'that is managed by nobody who could be': [
    job({ managedBy: 'nobody' }),
    ['spec.managedBy', 'Invalid', 'Invalid value: "nobody": must be a domain-prefixed path (such as "acme.io/foo")'],
  ],
  'without containers': [job({}, { containers: [] }), [`${POD}.containers`, 'Required', 'Required value']],
  'with a container without a name': [
    job({}, { containers: [{ image: 'any' }] }),
    [`${MAIN}.name`, 'Required', 'Required value'],
  ],
  'with a container without an image': [
    job({}, { containers: [{ name: 'main' }] }),
    [`${MAIN}.image`, 'Required', 'Required value'],
  ],
  'with an invalid name of a container': [
    withContainer({ name: 'A_b' }),
    [`${MAIN}.name`, 'Invalid', `Invalid value: "A_b": ${LABEL}`],
  ],
  'with two containers of one name': [
    job({}, { containers: [container, container] }),
    [`${POD}.containers[1].name`, 'Duplicate', 'Duplicate value: "main"'],
  ],
  'with an environment variable that no program could read': [
    withContainer({ env: [{ name: 'a=b', value: 'c' }] }),
    [
      `${MAIN}.env[0].name`,
      'Invalid',
      'Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
    ],
  ],
  'with an environment variable that has two values': [
    withContainer({ env: [{ name: 'A', value: 'b', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
    [`${MAIN}.env[0].valueFrom`, 'Invalid', 'Invalid value: "": may not be specified when `value` is not empty'],
  ],
  'with an environment variable that comes from nowhere': [
    withContainer({ env: [{ name: 'A', valueFrom: {} }] }),
    [
      `${MAIN}.env[0].valueFrom`,
      'Invalid',
      'Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
    ],
  ],
  'with an environment variable of no key of a Secret': [
    withContainer({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's' } } }] }),
    [`${MAIN}.env[0].valueFrom.secretKeyRef.key`, 'Required', 'Required value'],
  ],
  'with an environment variable of a field that pods do not have': [
    withContainer({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.none' } } }] }),
    [
      `${MAIN}.env[0].valueFrom.fieldRef.fieldPath`,
      'Invalid',
      'Invalid value: "spec.none": error converting fieldPath: field label not supported: spec.none',
    ],
  ],
  'with envFrom of nothing': [
    withContainer({ envFrom: [{}] }),
    [`${MAIN}.envFrom`, 'Invalid', 'Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
  ],
  'with an imagePullPolicy that nobody knows': [
    withContainer({ imagePullPolicy: 'Sometimes' }),
    [
      `${MAIN}.imagePullPolicy`,
      'NotSupported',
      'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
  ],
  'with a terminationMessagePolicy that nobody knows': [
    withContainer({ terminationMessagePolicy: 'Loud' }),
    [
      `${MAIN}.terminationMessagePolicy`,
      'NotSupported',
      'Unsupported value: "Loud": supported values: "File", "FallbackToLogsOnError"',
    ],
  ],
  'with less than nothing as a limit': [
    withContainer({ resources: { limits: { cpu: '-1' } } }),
    [`${MAIN}.resources.limits[cpu]`, 'Invalid', `Invalid value: "-1": ${NOT_NEGATIVE}`],
  ],
  'that requests more than its limit': [
    withContainer({ resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }),
    [`${MAIN}.resources.requests`, 'Invalid', 'Invalid value: "2": must be less than or equal to cpu limit of 1'],
  ],
  'that mounts a volume that it does not have': [
    withContainer({ volumeMounts: [{ name: 'none', mountPath: '/none' }] }),
    [`${MAIN}.volumeMounts[0].name`, 'NotFound', 'Not found: "none"'],
  ],
  'with two volumes of one name': [
    job(
      {},
      {
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 'v', emptyDir: {} },
        ],
      },
    ),
    [`${POD}.volumes[1].name`, 'Duplicate', 'Duplicate value: "v"'],
  ],
  'with a deadline of its pods that is over before they start': [
    job({}, { activeDeadlineSeconds: 0 }),
    [`${POD}.activeDeadlineSeconds`, 'Invalid', 'Invalid value: 0: must be between 1 and 2147483647, inclusive'],
  ],
  'with everything wrong at once': [
    job({ parallelism: -1, completions: -2 }, { containers: [{ name: 'A_', image: '' }] }),
    ['spec.parallelism', 'Invalid', `Invalid value: -1: ${NOT_NEGATIVE}`],
    ['spec.completions', 'Invalid', `Invalid value: -2: ${NOT_NEGATIVE}`],
    [`${MAIN}.name`, 'Invalid', `Invalid value: "A_": ${LABEL}`],
    [`${MAIN}.image`, 'Required', 'Required value'],
  ],
}

async function refuses(cluster: ContractCluster, sent: object, causes: readonly Cause[]): Promise<void> {
  const { status, body } = await cluster.call('POST', cluster.path('jobs'), sent)
  expect(body.details?.causes).toEqual(
    causes.map(([field, reason, message]) => ({ reason: `FieldValue${reason}`, message, field })),
  )
  expect(status).toBe(422)
  expect(body).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Invalid', code: 422 })
  expect(body.details).toMatchObject({ group: 'batch', kind: 'Job' })
  for (const [field, , message] of causes) expect(body.message).toContain(`${field}: ${message}`)
}

export const admission: Behaviours = {
  ...Object.fromEntries(
    Object.entries(REFUSED).map(([name, [body, ...causes]]) => [
      name,
      (cluster: ContractCluster) => refuses(cluster, body, causes),
    ]),
  ),

  'with an unknown field is refused when fieldValidation is Strict': async (cluster) => {
    const sent = job({ paralelism: 2 }, { containers: [{ ...container, comand: ['true'] }] })
    expect(await cluster.call('POST', `${cluster.path('jobs')}?fieldValidation=Strict`, sent)).toMatchObject({
      status: 400,
      body: {
        reason: 'BadRequest',
        message:
          'Job in version "v1" cannot be handled as a Job: strict decoding error: unknown field "spec.template.spec.containers[0].comand", unknown field "spec.paralelism"',
      },
    })
  },

  'with an unknown field is taken without it otherwise, with a warning': async (cluster) => {
    const sent = { ...job({ paralelism: 2 }), metadata: { name: 'warned-about' } }
    const { status, body, warnings } = await cluster.call('POST', cluster.path('jobs'), sent)
    expect(status).toBe(201)
    expect(warnings).toEqual(['unknown field \\"spec.paralelism\\"'])
    expect(body.spec).not.toHaveProperty('paralelism')
  },

  'with a value of the wrong type is refused with the field and the type': async (cluster) => {
    const text = await cluster.call('POST', cluster.path('jobs'), job({ parallelism: '2' }))
    expect(text).toMatchObject({
      status: 400,
      body: {
        message:
          'Job in version "v1" cannot be handled as a Job: json: cannot unmarshal string into Go struct field JobSpec.spec.parallelism of type int32',
      },
    })
    const half = await cluster.call('POST', cluster.path('jobs'), job({ parallelism: 1.5 }))
    expect(half.body.message).toContain(
      'json: cannot unmarshal number 1.5 into Go struct field JobSpec.spec.parallelism',
    )
  },

  'with an invalid quantity is refused': async (cluster) => {
    const sent = withContainer({ resources: { limits: { cpu: 'lots' } } })
    expect(await cluster.call('POST', cluster.path('jobs'), sent)).toMatchObject({
      status: 400,
      body: {
        message:
          'Job in version "v1" cannot be handled as a Job: quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
      },
    })
  },

  'that is no Job is refused': async (cluster) => {
    const sent = { apiVersion: 'v1', kind: 'Pod', ...job() }
    expect(await cluster.call('POST', cluster.path('jobs'), sent)).toMatchObject({
      status: 400,
      body: {
        reason: 'BadRequest',
        message:
          'Pod in version "v1" cannot be handled as a Job: converting (v1.Pod) to (batch.Job): unknown conversion',
      },
    })
  },

  'whose template, completions or mode are to change is refused': async (cluster) => {
    const made = await cluster.createJob('immutable', { suspend: true, completions: 2, parallelism: 1 })
    const change = async (spec: object) => (await made.patch({ spec })).body.details?.causes
    const completions = await change({ completions: 3 })
    expect(completions).toEqual([
      { reason: 'FieldValueInvalid', message: 'Invalid value: 3: field is immutable', field: 'spec.completions' },
    ])
    const [mode] = await change({ completionMode: 'Indexed' })
    expect(mode).toMatchObject({ field: 'spec.completionMode', reason: 'FieldValueInvalid' })
    const [selector] = await change({ selector: { matchLabels: { a: 'b' } } })
    expect(selector).toMatchObject({ reason: 'FieldValueInvalid' })
    const [name] = await change({ template: { spec: { restartPolicy: 'OnFailure' } } })
    expect(name).toMatchObject({ field: 'spec.template', reason: 'FieldValueInvalid' })
  },

  'whose parallelism, deadline, limit or TTL are to change is changed': async (cluster) => {
    const made = await cluster.createJob('mutable', { suspend: true })
    const spec = { parallelism: 4, activeDeadlineSeconds: 60, backoffLimit: 2, ttlSecondsAfterFinished: 5 }
    expect(await made.patch({ spec })).toMatchObject({ status: 200, body: { spec } })
  },

  'that is patched to something wrong stays as it is': async (cluster) => {
    const made = await cluster.createJob('still-good', { suspend: true })
    expect((await made.patch({ spec: { parallelism: -1 } })).status).toBe(422)
    const { body } = await cluster.call('PATCH', made.path, { metadata: { labels: { a: 'not one!' } } }, MERGE)
    expect(body.details.causes[0]).toMatchObject({ field: 'metadata.labels', reason: 'FieldValueInvalid' })
    expect((await made.read()).spec.parallelism).toBe(1)
  },

  'of a dry run is refused for the same reasons': async (cluster) => {
    const sent = { ...job({ parallelism: -1 }, shell('true')), metadata: { name: 'dry-wrong' } }
    const { status } = await cluster.call('POST', `${cluster.path('jobs')}?dryRun=All`, sent)
    expect(status).toBe(422)
  },
}
