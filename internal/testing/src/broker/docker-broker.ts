import { keep } from './keeper.ts'
import type { Way } from './way.ts'

/** A RabbitMQ in a container of our own. */
export function dockerWay({ image = 'rabbitmq:4' }: { readonly image?: string } = {}): Way {
  return { name: 'Docker', open: (context) => keep({ kind: 'docker', image }, 'docker', context) }
}
