/** Cuts a stream of bytes into lines, also where a character or a line spans two chunks. The last needs no line end. */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  for await (const chunk of stream) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n')
    for (const [index, piece] of pieces.entries()) {
      parts.push(piece)
      if (index === pieces.length - 1) break
      yield parts.join('')
      parts = []
    }
  }
  const rest = parts.join('') + decoder.decode()
  if (rest !== '') yield rest
}
