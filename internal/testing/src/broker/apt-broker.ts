import { aptInstall, aptIsUsable } from './apt.ts'
import { startLocalBroker } from './local-broker.ts'
import { type Way, WayFailed } from './way.ts'

/** How the installation may go. */
export interface AptWayOptions {
  /** Asks whether RabbitMQ may be installed. Without it, it is installed and announced. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined
}

/** A RabbitMQ server that apt-get installs, then started like any local one. No way at all where there is no apt-get. */
export function aptWay({ confirm }: AptWayOptions = {}): Way[] {
  if (process.platform !== 'linux') return []
  const open: Way['open'] = async (context) => {
    const obstacle = await aptIsUsable()
    if (obstacle !== undefined) throw new WayFailed(obstacle)
    if (confirm && !(await confirm('Install rabbitmq-server with apt-get?'))) throw new WayFailed('declined')
    await aptInstall('rabbitmq-server', { ...context, expectedSeconds: 30 })
    return await startLocalBroker(context, 'apt')
  }
  return [{ name: 'apt-get', open }]
}
