/** The name of the RabbitMQ node on a host. */
export function nodeNamed(host: string): string {
  return `rabbit@${host}`
}
