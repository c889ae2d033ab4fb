import type { Names, Problems } from '@internal/options'
import type { V1Job } from '@kubernetes/client-node'
import { statusOf } from '../api/api-answer.ts'
import { type ClientOptions, checkClientOptions } from '../api/client-options.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { namespaceOf } from '../api/namespace.ts'
import { K8sError, type K8sErrorCode } from '../errors.ts'
import { assembleJob } from '../spec/build-job.ts'
import { checkSpec } from '../spec/check-spec.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import { type DryRun, dryRunJob } from '../submit/dry-run.ts'
import { loopbackProblem } from '../submit/loopback-broker.ts'
import { isAllowed } from './access-reviews.ts'
import { podCountWarning } from './pod-count.ts'
import { type RoleNeeds, type Rule, roleYaml, rulesOf } from './role.ts'

/** The options of a preflight besides the spec. */
export interface PreflightOptions extends RoleNeeds {
  /** Ends the call with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** The names of these options. */
export const PREFLIGHT_OPTIONS: Names<PreflightOptions> = {
  onAbort: true,
  onFinished: true,
  forceDeleteLost: true,
  logs: true,
  signal: true,
}

/** One thing that will keep a run from working. */
export interface PreflightProblem {
  /** The code that the run would fail with. */
  readonly code: K8sErrorCode
  readonly message: string
  readonly hint: string
}

/** The findings of a {@link preflight}. */
export interface PreflightReport {
  readonly namespace: string
  /** The problems that will keep the run from working; empty when nothing was found. */
  readonly problems: readonly PreflightProblem[]
  /** Warnings: of the API server, such as a Pod Security level that the namespace enforces on pods, and of pods that take hours. */
  readonly warnings: readonly string[]
  /** The checks that could not be made, and why. */
  readonly notChecked: readonly string[]
  /** Rights without which a run works, but says less about what is wrong: `list pods`, `list events`, `get pods/log`. */
  readonly withoutDiagnostics: readonly string[]
  /**
   * Whether the Job will be created suspended, by its `template` or by an admission webhook such as Kueue's. podqueue leaves it so.
   * Left out when the server did not say.
   */
  readonly suspended?: boolean
  /** The rules that are missing as the YAML of a Role; undefined when none is. */
  readonly role?: string
}

/** Adds what is wrong with the call itself. */
export function checkPreflight(problems: Problems, spec: JobSpec, options: ClientOptions & PreflightOptions): void {
  checkSpec(problems, spec)
  checkClientOptions(problems, options)
  problems.oneOf('onAbort', options.onAbort, ['delete', 'suspend', 'leave'])
  problems.oneOf('onFinished', options.onFinished, ['replace', 'fail', 'adopt'])
  problems.flag('forceDeleteLost', options.forceDeleteLost)
  problems.flag('logs', options.logs)
}

/** Looks at everything that a run of this spec needs, all at once; nothing is made. */
export async function preflightWith(
  api: KubeApi,
  spec: JobSpec,
  options: ClientOptions & PreflightOptions,
): Promise<PreflightReport> {
  const job = assembleJob({ ...spec, namespace: namespaceOf(api, spec, options) })
  const { name = spec.name, namespace = namespaceOf(api, spec, options) } = job.metadata ?? {}
  const { signal } = options
  const rules = rulesOf(spec, options)
  const [answers, dryRun, loopback, secrets] = await Promise.all([
    Promise.all(rules.map((rule) => isAllowed(api, { namespace, name, rule, signal }))),
    tryOut(api, job, { namespace, signal }),
    loopbackProblem(api, spec, { signal }),
    missingSecrets(api, { ...spec, namespace }, signal),
  ])
  const missing = rules.filter((_, index) => answers[index] === false)
  const needed = missing.filter(({ optional }) => !optional)
  const problems: PreflightProblem[] = []
  if (needed.length > 0) problems.push(missingRights(namespace, needed))
  if (loopback !== undefined) {
    problems.push({ code: 'INVALID_OPTIONS', message: `queue.podUrl ${loopback}`, hint: 'Nothing was sent.' })
  }
  // That it may not be created is said by the rule that is missing.
  if (dryRun.error !== undefined && !(dryRun.error.code === 'FORBIDDEN' && needed.length > 0)) {
    const { code, message, hint } = dryRun.error
    problems.push({ code, message, hint })
  }
  problems.push(...secrets.problems)
  const unknown = rules.filter((_, index) => answers[index] === undefined)
  return {
    namespace,
    problems,
    warnings: [podCountWarning(spec) ?? [], dryRun.warnings ?? []].flat(),
    notChecked: [
      ...unknown.map(inWords),
      ...(dryRun.notChecked === undefined ? [] : [dryRun.notChecked]),
      ...secrets.notChecked,
    ],
    withoutDiagnostics: missing.filter(({ optional }) => optional).map(inWords),
    ...(dryRun.suspended === undefined ? {} : { suspended: dryRun.suspended }),
    ...(missing.length === 0 ? {} : { role: roleYaml(namespace, missing) }),
  }
}

/** One error with all that a preflight found; undefined when it found nothing. */
export function preflightError({ problems, namespace, role }: PreflightReport): K8sError | undefined {
  const [first] = problems
  if (first === undefined) return undefined
  const lines = problems.map(({ message }) => message)
  return new K8sError({
    code: first.code,
    message:
      lines.length === 1
        ? (lines[0] ?? '')
        : `${lines.length} problems:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    hint: problems.map(({ hint }) => hint).join('\n'),
    details: { namespace, problems, ...(role === undefined ? {} : { role }) },
  })
}

function missingRights(namespace: string, rules: readonly Rule[]): PreflightProblem {
  const [first] = rules
  const which = `${first?.verb} ${first?.resource === 'jobs' ? 'jobs.batch' : first?.resource}`
  return {
    code: 'FORBIDDEN',
    message: `No right to ${rules.map(inWords).join(', to ')} in namespace ${namespace}.`,
    hint: `A Role needs these rules, bound to who runs this (look with \`kubectl auth can-i ${which} --namespace ${namespace}\`):\n${roleYaml(namespace, rules)}`,
  }
}

function inWords({ verb, resource }: Rule): string {
  return `${verb} ${resource}`
}

/** A dry run of the Job on the server, with its refusal as a finding. */
async function tryOut(
  api: KubeApi,
  job: V1Job,
  bounds: { readonly namespace: string; readonly signal: AbortSignal | undefined },
): Promise<Partial<DryRun> & { readonly error?: K8sError }> {
  try {
    return await dryRunJob(api, job, bounds)
  } catch (error) {
    if (!(error instanceof K8sError) || error.retryable) throw error
    return { error }
  }
}

/** Secrets that the spec names and that are not there. Where they may not be read nobody can say. */
async function missingSecrets(
  api: KubeApi,
  { queue, imagePullSecrets = [], namespace }: JobSpec & { readonly namespace: string },
  signal: AbortSignal | undefined,
): Promise<{ problems: PreflightProblem[]; notChecked: string[] }> {
  const named = [...('urlFrom' in queue ? [queue.urlFrom.secret] : []), ...imagePullSecrets]
  const problems: PreflightProblem[] = []
  const notChecked: string[] = []
  for (const name of new Set(named)) {
    try {
      await api.expect({
        verb: 'get',
        resource: 'secrets',
        namespace,
        name,
        path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
        signal,
      })
    } catch (error) {
      if (statusOf(error) === 404) {
        const message = `There is no Secret ${namespace}/${name}, which the pods need.`
        problems.push({ code: 'CONFIG_MISSING', message, hint: `Create it, or correct its name in the spec.` })
      } else {
        ifForbidden(error)
        notChecked.push(`whether the Secret ${name} is there`)
      }
    }
  }
  return { problems, notChecked }
}

function ifForbidden(error: unknown): undefined {
  if (error instanceof K8sError && error.code === 'FORBIDDEN') return undefined
  throw error
}
