import type { StandardSchemaV1 } from '@standard-schema/spec'
import { WorkerError } from '../errors.ts'

/** An item, as far as the reading of its body needs it. */
interface Body {
  readonly queue: string
  readonly id: string | undefined
  readonly body: Buffer
}

/** @throws {WorkerError} `ITEM_NOT_TEXT` */
export function bodyText({ body, queue, id }: Body): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch (cause) {
    throw new WorkerError({
      code: 'ITEM_NOT_TEXT',
      message: `An item of queue ${queue} is not UTF-8 text (${body.length} bytes).`,
      hint: 'Read its bytes from item.body.',
      details: { queue, id },
      cause,
    })
  }
}

/** @throws {WorkerError} `ITEM_NOT_TEXT` or `ITEM_NOT_JSON` */
export function bodyJson(fields: Body): unknown {
  const source = bodyText(fields)
  try {
    return JSON.parse(source)
  } catch {
    const { body, queue, id } = fields
    // The parser's own message quotes the body, so it is neither shown nor kept as the cause.
    throw new WorkerError({
      code: 'ITEM_NOT_JSON',
      message: `An item of queue ${queue} is not JSON (${body.length} bytes).`,
      hint: 'Read it with item.text() or item.body.',
      details: { queue, id },
    })
  }
}

/** @throws {WorkerError} `ITEM_NOT_TEXT`, `ITEM_NOT_JSON` or `ITEM_INVALID` */
export async function checkedJson<S extends StandardSchemaV1>(
  schema: S,
  fields: Body,
): Promise<StandardSchemaV1.InferOutput<S>> {
  const result = await schema['~standard'].validate(bodyJson(fields))
  if (result.issues === undefined) return result.value as StandardSchemaV1.InferOutput<S>
  const { queue, id } = fields
  // Only the places: a schema's messages quote the values.
  const paths = [...new Set(result.issues.map(({ path }) => shownPath(path)))]
  throw new WorkerError({
    code: 'ITEM_INVALID',
    message: `An item of queue ${queue} does not match its schema at ${paths.join(', ')}.`,
    hint: 'The program that fills the queue and this worker disagree about the items. Throw DeadLetterError to set such items aside.',
    details: { queue, id, paths },
  })
}

function shownPath(path: StandardSchemaV1.Issue['path']): string {
  const keys = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
  return keys.length === 0 ? 'its root' : keys.join('.')
}
