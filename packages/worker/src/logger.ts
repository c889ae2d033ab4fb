/** Where a worker writes what people may want to know: the part of a pino-like logger that is used. */
export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

export const SILENT: Logger = { info: () => {}, warn: () => {} }
