import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runWorker } from '@podqueue/worker'

const { FRAMES_FOLDER: folder = '.' } = process.env

// An item can come twice, so doing it twice must come to the same: a frame has a file of its own.
await runWorker(async (item, { signal }) => {
  const frame = item.text()
  await sleep(200, undefined, { signal })
  await writeFile(join(folder, `${frame}.txt`), `${frame}, rendered by ${process.env.HOSTNAME}\n`)
  console.log(`Rendered ${frame}`)
})
