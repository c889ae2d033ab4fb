/** The specs of Kubernetes that the local cluster does not pass on purpose, and why. `docs/local-cluster.md` names them too. */
export const DIFFERENT_SPECS: Readonly<Record<string, string>> = {}
