const { env } = process
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const

/** Whether spans go anywhere. */
export const isTraced: boolean = ENDPOINTS.some((name) => env[name] !== undefined && env[name] !== '')

/** Environment of the pods, whose spans go where those of the service go. Headers of the exporter are left out: a Job shows its environment. */
export function podTracing(): Record<string, string> {
  if (!isTraced) return {}
  const endpoints = ENDPOINTS.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]))
  return { ...Object.fromEntries(endpoints), OTEL_SERVICE_NAME: `${env.OTEL_SERVICE_NAME ?? 'words'}-worker` }
}
