/** Waiting with a deadline or a signal, and calling functions of the app that must not change an outcome. */
export { callListener, callSafely } from './call-listener.ts'
export { guardLogger, type LoggerLike } from './guard-logger.ts'
export { monotonicMs } from './monotonic.ts'
export { nativeSignal, type SignalLike } from './native-signal.ts'
export { pause } from './pause.ts'
export { unawaited } from './unawaited.ts'
export { late, within } from './within.ts'
