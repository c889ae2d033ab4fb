/** Names that Kubernetes takes as a DNS label (RFC 1123): names of Jobs, namespaces and pods' hosts. */
export const DNS_LABEL: RegExp = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

/** The longest DNS label. */
const LABEL_LENGTH = 63

/**
 * The longest name that a Job may have. The pods of an Indexed Job get `<name>-<index>` as their host name, so the highest
 * index is taken off. Kubernetes refuses such a Job only when it is created.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode
 */
export function longestJobName(completions: number, indexed: boolean): number {
  return indexed ? LABEL_LENGTH - 1 - String(Math.max(0, completions - 1)).length : LABEL_LENGTH
}

/** The problem with a name, with a name that would pass; undefined when there is no problem. */
export function nameProblem(name: string, longest: number = LABEL_LENGTH): string | undefined {
  if (DNS_LABEL.test(name) && name.length <= longest) return undefined
  const corrected = correctedName(name, longest)
  const rule =
    name.length > longest
      ? `must have at most ${longest} characters here, not ${name.length}`
      : `must consist of a-z, 0-9 and '-', with a letter or digit at both ends`
  return corrected === '' ? rule : `${rule}: '${corrected}' would do`
}

/** Names that Kubernetes takes as a DNS subdomain (RFC 1123): labels with dots between them. */
const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/
const SUBDOMAIN_LENGTH = 253

/** The problem with the name of a Job that may exist already, made by any client; undefined when there is no problem. */
export function subdomainProblem(name: string): string | undefined {
  if (DNS_SUBDOMAIN.test(name) && name.length <= SUBDOMAIN_LENGTH) return undefined
  return `must be a name as Kubernetes takes it: at most ${SUBDOMAIN_LENGTH} characters of a-z, 0-9, '-' and '.', with a letter or digit at both ends`
}

function correctedName(name: string, longest: number): string {
  // An address that was given by mistake must not come back as a suggestion: it may hold a password.
  if (/[:/@]/.test(name)) return ''
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, longest)
    .replace(/^-+|-+$/g, '')
}
