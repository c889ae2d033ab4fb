import { unreachable } from './api-answer.ts'

/** A longer line is an error: no object of Kubernetes is larger than a few MiB. */
const LONGEST_LINE = 32 * 1024 * 1024

/**
 * Cuts a stream of bytes into lines, also where a character or a line spans two chunks. The last needs no line end.
 *
 * @throws {K8sError} `API_UNREACHABLE` for a line of more than 32 MiB, so that a stream without lines does not fill the memory
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  let length = 0
  for await (const chunk of stream) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n')
    for (const [index, piece] of pieces.entries()) {
      parts.push(piece)
      length += piece.length
      if (length > LONGEST_LINE) {
        throw unreachable(`The API server sends a line of more than ${LONGEST_LINE / 1024 / 1024} MiB.`, {}, undefined)
      }
      if (index === pieces.length - 1) break
      yield parts.join('')
      parts = []
      length = 0
    }
  }
  const rest = parts.join('') + decoder.decode()
  if (rest !== '') yield rest
}
