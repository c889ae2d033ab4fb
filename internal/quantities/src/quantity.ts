const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/
const SUFFIXES = ['n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
}

/** The number that a Kubernetes quantity such as `500m`, `1Gi` or `2e3` stands for; undefined when it is not a quantity. */
export function quantityOf(text: string): number | undefined {
  const match = QUANTITY.exec(text)
  if (match === null) return undefined
  const [, digits = '', suffix = ''] = match
  if (/^[eE][+-]?\d/.test(suffix)) return Number(digits + suffix)
  if (suffix.endsWith('i')) return Number(digits) * 1024 ** ('KMGTPE'.indexOf(suffix.charAt(0)) + 1)
  return Number(digits) * (FACTORS[suffix] ?? 1)
}

/** A quantity that was probably meant: `1gb` becomes `1Gi`. */
export function quantityMeant(text: string): string | undefined {
  const match = /^\s*([+-]?\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text)
  if (match === null) return undefined
  const [, digits = '', unit = ''] = match
  const binary = `${unit.charAt(0).toUpperCase()}i`
  return /^[kmgtpe]i?b?$/i.test(unit) && SUFFIXES.includes(binary) ? `${digits}${binary}` : undefined
}
