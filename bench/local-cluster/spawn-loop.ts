/** Runs `true` a given number of times, a given number at a time, and nothing else. */
import { spawn } from 'node:child_process'

const [count = 0, parallelism = 0] = process.argv.slice(2).map(Number)

let begun = 0
const lane = async (): Promise<void> => {
  while (begun < count) {
    begun++
    await new Promise((resolve, reject) => {
      spawn('true').once('close', resolve).once('error', reject)
    })
  }
}

const start = performance.now()
await Promise.all(Array.from({ length: parallelism }, lane))
process.stdout.write(`${JSON.stringify({ ms: performance.now() - start })}\n`)
