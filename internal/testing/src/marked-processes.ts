import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * The processes that were started with `name=value` in their environment. Erlang's helpers leave their process group and session,
 * and outlive their parent for a moment; what they inherited stays.
 */
export async function markedProcesses(name: string, value: string): Promise<number[]> {
  const mark = `${name}=${value}`
  return process.platform === 'linux' ? await fromProc(mark) : await fromPs(mark)
}

async function fromProc(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const marked = await Promise.all(
    // It may end while we look, or belong to someone else.
    pids.map(async (pid) =>
      (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0').includes(mark),
    ),
  )
  return pids.filter((_, index) => marked[index]).map(Number)
}

async function fromPs(mark: string): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
    .split('\n')
    .filter((line) => `${line} `.includes(` ${mark} `))
    .map((line) => Number.parseInt(line, 10))
}
