/** The label that podqueue gives its Jobs, pods and Secrets, unless the spec's `labels` say otherwise. */
export const MANAGED_BY = { label: 'app.kubernetes.io/managed-by', value: 'podqueue' } as const
