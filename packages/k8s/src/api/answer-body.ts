import type { Dispatcher } from 'undici'

/** The largest answer that is read, bytes: a list of some thousand pods. */
const LARGEST_ANSWER = 32 * 1024 * 1024
/** As much is read of an answer that is an error. */
const LARGEST_ERROR = 64 * 1024
/** An answer that is an error is read for this time: a watch and a log, whose answers have no end, are refused by it too. */
const ERROR_TIMEOUT_MS = 10_000

/** Reads an answer that is not a stream. @throws Error when it is larger than 32 MiB */
export async function readAnswer(body: Dispatcher.ResponseData['body']): Promise<string> {
  const { bytes, cut } = await read(body, LARGEST_ANSWER)
  if (cut) throw new Error(`its answer has more than ${LARGEST_ANSWER / 1024 / 1024} MiB`)
  return bytes.toString()
}

/** Reads the beginning of an error's answer, at most 64 KiB and for 10 s. Never throws: what came until then is the answer. */
export async function readError(body: Dispatcher.ResponseData['body']): Promise<string> {
  const timer = setTimeout(() => body.destroy(), ERROR_TIMEOUT_MS)
  try {
    const { bytes } = await read(body, LARGEST_ERROR, { tolerant: true })
    return bytes.toString()
  } finally {
    clearTimeout(timer)
  }
}

async function read(
  body: Dispatcher.ResponseData['body'],
  limit: number,
  { tolerant = false }: { readonly tolerant?: boolean } = {},
): Promise<{ readonly bytes: Buffer; readonly cut: boolean }> {
  const chunks: Buffer[] = []
  let size = 0
  let cut = false
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, limit - size))
      size += chunk.length
      cut = size > limit
      if (cut) break // ends the connection
    }
  } catch (error) {
    if (!tolerant) throw error
  }
  return { bytes: Buffer.concat(chunks), cut }
}
