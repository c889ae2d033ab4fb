/**
 * A value that is made when it is first needed. A meter has to be asked for after the SDK has registered its provider: unlike that of
 * tracers, the global provider of meters is no proxy.
 */
export class Lazy<Value> {
  readonly #make: () => Value
  #made: { readonly value: Value } | undefined

  constructor(make: () => Value) {
    this.#make = make
  }

  get value(): Value {
    this.#made ??= { value: this.#make() }
    return this.#made.value
  }
}
