import type { TestProject } from 'vitest/node'
import type { Broker } from './broker/broker.ts'
import { startBroker } from './broker/start-broker.ts'

declare module 'vitest' {
  interface ProvidedContext {
    brokerUrl: string
  }
}

let broker: Broker | undefined

/** For `globalSetup` of the root vitest configuration: one broker for the whole run. Tests read its address by `brokerUrl()`. */
export async function setup(project: TestProject): Promise<void> {
  const announce = (line: string) => void process.stderr.write(`broker: ${line}\n`)
  broker = await startBroker({ announce }).catch((error: unknown) => {
    const hint = error instanceof Error && 'hint' in error ? `\n${error.hint}` : ''
    throw new Error(`${error instanceof Error ? error.message : error}${hint}`, { cause: error })
  })
  announce(broker.description)
  project.provide('brokerUrl', broker.url)
}

/** Ends the broker of {@link setup}. */
export async function teardown(): Promise<void> {
  await broker?.close()
}
