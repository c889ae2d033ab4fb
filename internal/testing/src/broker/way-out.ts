/** The steps for a person when no way led to a broker. `address` is how they would give one, e.g. `--broker URL`. */
export function waysOut(address: string, platform: NodeJS.Platform = process.platform): string {
  const install =
    platform === 'darwin'
      ? 'install RabbitMQ (brew install rabbitmq)'
      : 'install RabbitMQ (on Debian or Ubuntu: apt-get install rabbitmq-server)'
  return `Any one of these helps: ${install}; start Docker; or give the address of a RabbitMQ with ${address}.`
}
