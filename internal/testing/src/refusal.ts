import { expect } from 'vitest'

interface Refused extends Error {
  readonly details: object
}

/**
 * The problems of a call that was refused, whether it throws or rejects: an error of that kind, `INVALID_OPTIONS`, which holds no `s3cret`.
 *
 * @returns what is wrong, by its path
 */
export async function refusal(
  kind: abstract new (...args: never[]) => Refused,
  call: () => unknown,
): Promise<Readonly<Record<string, string>>> {
  const error: unknown = await (async () => call())().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(kind)
  expect(error).toMatchObject({ code: 'INVALID_OPTIONS', retryable: false })
  const { message, details } = error as Refused
  expect(message).not.toContain('s3cret')
  const { problems } = details as { readonly problems: readonly { readonly path: string; readonly message: string }[] }
  return Object.fromEntries(problems.map((each) => [each.path, each.message]))
}
