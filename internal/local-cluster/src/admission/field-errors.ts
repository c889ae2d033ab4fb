import type { StatusCause } from '../answers/status-error.ts'

/** Collects what is wrong with an object, in the words of Kubernetes' own validation. */
export class FieldErrors {
  readonly #causes: StatusCause[] = []

  get causes(): readonly StatusCause[] {
    return this.#causes
  }

  required(field: string, detail?: string): void {
    this.#add('FieldValueRequired', field, detail === undefined ? 'Required value' : `Required value: ${detail}`)
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.#add('FieldValueInvalid', field, `Invalid value: ${JSON.stringify(value)}: ${detail}`)
  }

  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    const words = supported.map((word) => JSON.stringify(word)).join(', ')
    this.#add(
      'FieldValueNotSupported',
      field,
      `Unsupported value: ${JSON.stringify(value)}: supported values: ${words}`,
    )
  }

  notFound(field: string, value: unknown): void {
    this.#add('FieldValueNotFound', field, `Not found: ${JSON.stringify(value)}`)
  }

  duplicate(field: string, value: unknown): void {
    this.#add('FieldValueDuplicate', field, `Duplicate value: ${JSON.stringify(value)}`)
  }

  forbidden(field: string, detail: string): void {
    this.#add('FieldValueForbidden', field, `Forbidden: ${detail}`)
  }

  /** A word of a list; undefined passes. */
  oneOf(field: string, value: string | undefined, supported: readonly string[]): void {
    if (value !== undefined && !supported.includes(value)) this.notSupported(field, value, supported)
  }

  /** An error that does not show the value, as Kubernetes writes it. */
  wrong(field: string, detail: string): void {
    this.#add('FieldValueInvalid', field, `Invalid value: ${detail}`)
  }

  /** A whole number that is not below zero; undefined passes. */
  notNegative(field: string, value: number | undefined): void {
    if (value !== undefined && value < 0) this.invalid(field, value, 'must be greater than or equal to 0')
  }

  #add(reason: string, field: string, message: string): void {
    this.#causes.push({ reason, message, field })
  }
}
