/** Lets CommonJS code load a package's ES modules. For the `tsdown.config.ts` of the packages. */
export { commonJsFace } from './commonjs-face.ts'
