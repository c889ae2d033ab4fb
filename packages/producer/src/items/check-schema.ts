import type { Problems } from '@internal/options'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Checks for a Standard Schema, whose object may do anything when it is read; undefined passes. */
export function checkSchema(problems: Problems, schema: unknown): void {
  problems.shape(
    'schema',
    schema,
    (given: StandardSchemaV1) => typeof given['~standard'].validate === 'function',
    'must be a Standard Schema, such as those of zod, valibot and arktype',
  )
}
