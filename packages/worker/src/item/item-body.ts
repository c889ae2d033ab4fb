import { showText } from '@internal/errors'
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
      details: { queue, messageId: id },
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
      details: { queue, messageId: id },
    })
  }
}

/** @throws {WorkerError} `ITEM_NOT_TEXT`, `ITEM_NOT_JSON` or `ITEM_INVALID` */
export async function checkedJson<S extends StandardSchemaV1>(
  schema: S,
  fields: Body,
): Promise<StandardSchemaV1.InferOutput<S>> {
  const value = bodyJson(fields)
  const result = await validated(schema, value)
  if (typeof result !== 'object' || result === null) throw notASchema('its validate() returns no result')
  const { issues, value: output } = result as StandardSchemaV1.SuccessResult<StandardSchemaV1.InferOutput<S>>
  if (issues === undefined) return output
  const { queue, id } = fields
  const paths = pathsOf(issues)
  throw new WorkerError({
    code: 'ITEM_INVALID',
    message: `An item of queue ${queue} does not match its schema at ${paths.join(', ')}.`,
    hint: 'The program that fills the queue and this worker disagree about the items. Throw DeadLetterError to set such items aside.',
    details: { queue, messageId: id, paths },
  })
}

async function validated(schema: StandardSchemaV1, value: unknown): Promise<unknown> {
  let standard: Partial<StandardSchemaV1.Props> | undefined
  try {
    standard = schema?.['~standard']
  } catch (cause) {
    throw notASchema('it cannot be read', cause)
  }
  if (typeof standard?.validate !== 'function') throw notASchema('it has no method ~standard.validate')
  try {
    return await standard.validate(value)
  } catch (cause) {
    throw notASchema('its validate() throws', cause)
  }
}

function notASchema(why: string, cause?: unknown): WorkerError {
  return new WorkerError({
    code: 'INVALID_OPTIONS',
    message: `item.json: schema: must be a Standard Schema, but ${why}.`,
    hint: 'Give a schema of a library that implements https://standardschema.dev.',
    details: { problems: [{ path: 'schema', message: 'must be a Standard Schema' }] },
    cause,
  })
}

/** Only the places of the issues: the messages of a schema quote the values. */
function pathsOf(issues: unknown): string[] {
  const list: unknown[] = Array.isArray(issues) ? issues : []
  const paths = new Set(list.slice(0, MOST_PATHS).map(shownPath))
  return paths.size === 0 ? ['its root'] : [...paths]
}

const MOST_PATHS = 20

function shownPath(issue: unknown): string {
  try {
    const { path } = issue as StandardSchemaV1.Issue
    const keys = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
    return keys.length === 0 ? 'its root' : showText(keys.join('.'), { maxBytes: 200 })
  } catch {
    return 'a place that its schema does not name'
  }
}
