import type { Import } from './imports.ts'

/** A rule about imports that a linter of single files does not know. */
interface Rule {
  /** Which files it is about. */
  readonly files: RegExp
  /** The specifiers that these files must not import. */
  readonly never: RegExp
  readonly reason: string
}

/** The packages of the local cluster's folder may be imported from these only. */
const LOCAL_CLUSTER_MAY: readonly string[] = [
  '@internal/errors',
  '@internal/node-version',
  '@internal/options',
  '@internal/quantities',
]

const RULES: readonly Rule[] = [
  { files: /./, never: /node_modules\//, reason: 'libraries are used by their public API only' },
  { files: /^packages\//, never: /^@podqueue\//, reason: 'the packages never import each other; apps compose them' },
  {
    files: /^packages\/k8s\//,
    never: /^(@internal\/amqp|amqplib)(\/|$)/,
    reason: 'k8s knows nothing of AMQP',
  },
  {
    files: /^packages\/(producer|worker)\//,
    never: /^(@kubernetes\/|undici(\/|$))/,
    reason: 'producer and worker know nothing of Kubernetes',
  },
  {
    files: /^(?!internal\/local-cluster\/|packages\/k8s\/src\/local\.ts$)/,
    never: /^@internal\/local-cluster(\/|$)/,
    reason: 'only packages/k8s/src/local.ts imports the local cluster',
  },
  {
    files: /^internal\/local-cluster\//,
    never: new RegExp(`^(?!(${LOCAL_CLUSTER_MAY.join('|')})(/|$))(@internal|@podqueue)/`),
    reason: `of this repository, the local cluster imports only ${LOCAL_CLUSTER_MAY.join(', ')}`,
  },
  {
    files: /^internal\/contract\//,
    never: /^[^.]/,
    reason: 'the contract is pure and has no dependencies',
  },
]

/** Each import that a rule forbids, as a line that says why. A workspace is left by its name, never by a relative path. */
export function forbidden(imports: readonly Import[]): string[] {
  return imports.flatMap((one) => {
    const { from, specifier, to } = one
    const broken = RULES.filter(({ files, never }) => files.test(from) && never.test(specifier)).map(
      ({ reason }) => reason,
    )
    if (to !== undefined && workspaceOf(to) !== workspaceOf(from)) {
      broken.push('another workspace is imported by its name, not by a path')
    }
    return broken.map((reason) => `${from} imports ${specifier}: ${reason}`)
  })
}

/** `packages/worker` of `packages/worker/src/index.ts`. */
function workspaceOf(path: string): string {
  return path.split('/').slice(0, 2).join('/')
}
