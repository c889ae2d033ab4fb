/** A worker whose handler does as its item says, and prints what happens. Run by `run-worker.spec.ts`. */
import { subscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ExitDiagnostic, runWorker } from '../dist/index.js'

const AN_HOUR = 3_600_000

const { FLUSH } = process.env
if (FLUSH !== undefined) {
  subscribe('podqueue:exit', (message) => {
    const flush = async (): Promise<void> => {
      if (FLUSH === 'throws') throw new Error('The collector is gone')
      await (FLUSH === 'hangs' ? new Promise(() => {}) : sleep(50))
      process.stdout.write('flushed\n')
    }
    ;(message as ExitDiagnostic).waitUntil(flush())
  })
}

await runWorker(
  async (item, { signal }) => {
    process.stdout.write('handling\n')
    switch (item.text()) {
      case 'throws':
        throw new TypeError('Cannot read frames of nothing')
      case 'honours its signal':
        await sleep(AN_HOUR, undefined, { signal })
        break
      case 'ignores its signal':
        await sleep(AN_HOUR)
        break
      case 'finishes in its grace':
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        break
      case 'exits with 0':
        process.exit(0)
        break
      case 'exits with 3':
        process.exit(3)
        break
      case 'leaves a server open':
        createServer().listen(0)
        break
      case 'leaves a timer open':
        setTimeout(() => {}, AN_HOUR)
    }
  },
  {
    graceMs: 500,
    exitGraceMs: 300,
    close: () => {
      process.stdout.write('closing\n')
      if (process.env.CLOSE === 'hangs') return new Promise(() => {})
      if (process.env.CLOSE === 'throws') throw new Error('The pool is gone')
      return undefined
    },
  },
)
process.stdout.write('after\n')
