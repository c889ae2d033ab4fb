import { inject } from 'vitest'
import './vitest-broker.ts'

/** The address of the broker of this test run. Set `globalSetup` to `@internal/testing/vitest-broker`. */
export function brokerUrl(): string {
  return inject('brokerUrl')
}
