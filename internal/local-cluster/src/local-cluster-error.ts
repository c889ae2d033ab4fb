import { CodedError } from '@internal/errors'

/** Every `code` of a {@link LocalClusterError}. */
export type LocalClusterErrorCode = 'INVALID_OPTIONS' | 'LOCAL_CLUSTER_FAILED' | 'UNSUPPORTED_RUNTIME'

/**
 * Thrown when the local cluster is set up wrongly or cannot start. It carries the brand of `K8sError`, so that
 * `error instanceof K8sError` of `@podqueue/k8s` holds for it too: the local cluster imports nothing of that package.
 */
export class LocalClusterError extends CodedError<LocalClusterErrorCode> {
  static override readonly brand: symbol = Symbol.for('@podqueue/k8s.K8sError')
  override readonly name: string = 'K8sError'
}
