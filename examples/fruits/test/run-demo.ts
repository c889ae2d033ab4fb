import { fileURLToPath } from 'node:url'
import { type DemoProcess, startDemo } from '@internal/demo/start-demo'

export const FRUITS = ['apple', 'banana', 'cherry', 'date', 'fig', 'grape', 'lemon', 'melon']

const DEMO = fileURLToPath(new URL('../demo/demo.ts', import.meta.url))

/** Runs the demo as `npm run demo` does, without a terminal. */
export function runDemo(args: readonly string[], environment: Readonly<Record<string, string>> = {}): DemoProcess {
  return startDemo(DEMO, args, environment)
}

/** The fruits that pods said they processed, sorted, as often as they said so. */
export function processedFruits(stdout: string): string[] {
  return [...stdout.matchAll(/Processing (\w+)/g)].map(([, fruit]) => fruit ?? '').toSorted()
}
