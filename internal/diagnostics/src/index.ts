/** The shape of what the packages publish on `node:diagnostics_channel`. */
export { type Around, type Surroundable, surroundings } from './around.ts'
export { TracedWork, type WorkTrace } from './traced-work.ts'
