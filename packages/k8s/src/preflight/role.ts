import type { JobSpec } from '../spec/job-spec.ts'

/** One rule of a Role. */
export interface Rule {
  readonly apiGroup: '' | 'batch'
  /** `jobs`, `pods`, `pods/log`, `events`, `secrets`. */
  readonly resource: string
  readonly verb: string
  /** Without it a run works and says less about what is wrong. */
  readonly optional: boolean
}

/** The further actions of a run that need rights, besides making the Job and waiting for it. */
export interface RoleNeeds {
  /** As for the run. Default: 'delete', as in `runJob`. */
  readonly onAbort?: 'delete' | 'suspend' | 'leave' | undefined
  /** As for the run. Default: 'replace'. */
  readonly onFinished?: 'replace' | 'fail' | 'adopt' | undefined
  /** As for the run. Default: false. */
  readonly forceDeleteLost?: boolean | undefined
  /** Whether the run listens to `podLog`, or its handle reads `logs`. Default: false. */
  readonly logs?: boolean | undefined
}

/** The rights that a run with these options uses, and no other. */
export function rulesOf(spec: Pick<JobSpec, 'queue'>, needs: RoleNeeds): Rule[] {
  const { onAbort = 'delete', onFinished = 'replace', forceDeleteLost = false, logs = false } = needs
  const ownSecret = 'podUrl' in spec.queue
  const needed = (resource: string, verb: string, optional = false): Rule => ({
    apiGroup: resource === 'jobs' ? 'batch' : '',
    resource,
    verb,
    optional,
  })
  return [
    ...['create', 'get', 'list', 'watch'].map((verb) => needed('jobs', verb)),
    ...(onAbort === 'delete' || onFinished === 'replace' || ownSecret ? [needed('jobs', 'delete')] : []),
    ...(onAbort === 'suspend' || ownSecret ? [needed('jobs', 'patch')] : []),
    ...(ownSecret ? [needed('secrets', 'create')] : []),
    needed('pods', 'list', !logs),
    ...(logs ? [needed('pods', 'watch')] : []),
    ...(forceDeleteLost ? [needed('pods', 'delete'), needed('pods', 'patch')] : []),
    needed('events', 'list', true),
    needed('pods/log', 'get', !logs),
  ]
}

/** A Role with rules, as YAML for `kubectl apply`. */
export function roleYaml(namespace: string, rules: readonly Rule[]): string {
  const byResource = new Map<string, Rule[]>()
  for (const rule of rules) byResource.set(rule.resource, [...(byResource.get(rule.resource) ?? []), rule])
  const lines = [...byResource].map(([resource, [first, ...rest]]) => {
    const verbs = [first, ...rest].map((rule) => rule?.verb).join(', ')
    return `- { apiGroups: ["${first?.apiGroup ?? ''}"], resources: [${resource}], verbs: [${verbs}] }`
  })
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: Role',
    `metadata: { name: podqueue, namespace: ${namespace} }`,
    'rules:',
    ...lines,
    '',
  ].join('\n')
}
