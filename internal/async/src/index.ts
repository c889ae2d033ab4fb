/** Waiting with a deadline or a signal, and calling listeners of the app. Bundled into each package. */
export { callListener } from './call-listener.ts'
export { pause } from './pause.ts'
export { late, within } from './within.ts'
