import fc from 'fast-check'

/** A value for a call, made anew for each run, with the words that a counterexample prints. */
export interface Given {
  readonly label: string
  make(): unknown
  [fc.toStringMethod](): string
}

export function given(label: string, make: () => unknown): Given {
  return { label, make, [fc.toStringMethod]: () => label }
}

/** A value that is the same in each run, such as a number. */
export function plain(value: unknown): Given {
  return given(
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value),
    () => (typeof value === 'object' && value !== null ? structuredClone(value) : value),
  )
}

/** An object of some of these fields, each with a value of its own choice. */
export function objectOf(fields: Readonly<Record<string, fc.Arbitrary<Given>>>): fc.Arbitrary<Given> {
  return fc
    .record(fields as Record<string, fc.Arbitrary<Given>>, { requiredKeys: [] })
    .map((record) => assembled(record as Record<string, Given>))
}

/** {@link objectOf} with fields that are always there. */
export function objectWith(
  required: Readonly<Record<string, fc.Arbitrary<Given>>>,
  fields: Readonly<Record<string, fc.Arbitrary<Given>>> = {},
): fc.Arbitrary<Given> {
  return fc
    .record({ ...required, ...fields } as Record<string, fc.Arbitrary<Given>>, {
      requiredKeys: Object.keys(required) as never[],
    })
    .map((record) => assembled(record as Record<string, Given>))
}

function assembled(record: Readonly<Record<string, Given>>): Given {
  const entries = Object.entries(record)
  return given(`{ ${entries.map(([name, { label }]) => `${JSON.stringify(name)}: ${label}`).join(', ')} }`, () =>
    Object.fromEntries(entries.map(([name, value]) => [name, value.make()])),
  )
}

export function arrayOf(values: fc.Arbitrary<Given>, maxLength = 6): fc.Arbitrary<Given> {
  return fc
    .array(values, { maxLength })
    .map((all) => given(`[${all.map(({ label }) => label).join(', ')}]`, () => all.map((value) => value.make())))
}
