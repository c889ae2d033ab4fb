/**
 * The process that starts a broker and ends it: on request, or when its owner is gone for whatever reason, SIGKILL included.
 * It runs in a session of its own, so that a Ctrl-C in the owner's terminal does not take the broker away before the owner has
 * finished its cleanup. Run by `keep()`.
 */
import type { FromKeeper, KeeperContext, KeeperTask, KeptBroker, ToKeeper } from './keeper-messages.ts'

const owner = new AbortController()
process.once('disconnect', () => owner.abort(new Error('the owner is gone')))
// The machine goes down, or somebody ends us by hand.
process.once('SIGTERM', () => owner.abort(new Error('SIGTERM')))
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})

function tell(message: FromKeeper): Promise<void> {
  // The owner may leave at any moment; 'disconnect' says so.
  if (!process.connected) return Promise.resolve()
  return new Promise((sent) => process.send?.(message, undefined, undefined, () => sent()))
}

async function start(task: KeeperTask, context: KeeperContext): Promise<KeptBroker> {
  // testcontainers takes a moment to load, which a local server need not wait for.
  if (task.kind === 'docker') return (await import('./docker-container.ts')).startContainer(task, context)
  if (task.kind === 'docker-cluster') return (await import('./docker-container.ts')).startCluster(task, context)
  return (await import('./local-server.ts')).startServer(task, context)
}

async function answer(broker: KeptBroker, message: ToKeeper): Promise<void> {
  const { id } = message
  try {
    const node = broker.nodes[message.node]
    if (node === undefined) throw new Error(`there is no node ${message.node}`)
    const output = message.type === 'rabbitmqctl' ? await node.rabbitmqctl(message.args) : await node[message.type]()
    await tell({ type: 'ran', id, output: output ?? '' })
  } catch (error) {
    await tell({ type: 'refused', id, reason: messageOf(error) })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function keep(task: KeeperTask): Promise<void> {
  const announce = (line: string) => void tell({ type: 'announce', line })
  const broker = await start(task, { announce, signal: owner.signal })
  process.on('message', (message) => void answer(broker, message as ToKeeper))
  void tell({ type: 'ready', nodes: broker.nodes.map(({ url, description }) => ({ url, description })) })
  const gone = new Promise<void>((resolve) => {
    if (owner.signal.aborted) resolve()
    owner.signal.addEventListener('abort', () => resolve())
  })
  await Promise.race([gone, broker.ended])
  await broker.end()
}

try {
  await keep(JSON.parse(process.argv[2] ?? '') as KeeperTask)
} catch (error) {
  await tell({ type: 'failed', reason: messageOf(error) })
  // For an owner that has closed the channel and waits for the end.
  process.stderr.write(messageOf(error))
  process.exitCode = 1
}
if (process.connected) process.disconnect()
// A handle that a library left open must not keep this process.
process.exit()
