/** Rules about imports, for `npm run lint`: no circles among folders, and who may import whom. */
export { type Circle, circles } from './circles.ts'
export { type Import, importsOf, sourceImports } from './imports.ts'
export { forbidden } from './rules.ts'
