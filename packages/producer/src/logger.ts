/** The part of a pino-like logger that is used: facts first, then the text. */
export interface Logger {
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
}
