/** The log of a worker: the part of a pino-like logger that it uses. */
export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

export const SILENT: Logger = { info: () => {}, warn: () => {} }
