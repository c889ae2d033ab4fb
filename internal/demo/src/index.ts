/** Everything around an example that `npm run` shows: arguments, a broker, a cluster, errors, Ctrl-C. Tests: `@internal/demo/start-demo`. */
export { type DemoArguments, parseArguments } from './arguments.ts'
export { commandsOf, handlerImage, programImage } from './images.ts'
export { reported } from './reported.ts'
export { runDemo } from './run-demo.ts'
export { setScene } from './scene.ts'
