import { type Broker, startBroker } from '@internal/testing'
import { connect } from 'amqplib'

/** A broker of one test file's own, for faults that would hit every other test on a shared one. */
export interface OwnBroker extends AsyncDisposable {
  readonly url: string
  /** As 4.3: what its semantics are asked by. */
  readonly version: number
  rabbitmqctl(...args: readonly string[]): Promise<string>
  /** Evaluates Erlang on the broker's node. */
  evaluate(erlang: string): Promise<string>
  /** Suspends the process that leads a quorum queue, so that it answers nothing; the returned function lets it go on. */
  stopLeader(queue: string): Promise<() => Promise<void>>
}

/** Starts one, or says in a line why the tests that need it are skipped: a broker that somebody else runs is not ours to stop. */
export async function ownBroker(): Promise<OwnBroker | undefined> {
  const announce = (line: string): void => void process.stderr.write(`own broker: ${line}\n`)
  const broker: Broker = await startBroker({ announce })
  const { rabbitmqctl } = broker
  if (rabbitmqctl === undefined) {
    announce('skipped what needs rabbitmqctl, since BROKER_URL is given; unset it, or set TEST_BROKER')
    return undefined
  }
  const connection = await connect(broker.url)
  const version = Number.parseFloat(String(connection.connection.serverProperties.version))
  await connection.close()
  const evaluate = (erlang: string): Promise<string> => rabbitmqctl('eval', erlang)
  const leader = (queue: string): string =>
    `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)), {Pid, _} = amqqueue:get_pid(Q)`
  return {
    url: broker.url,
    version,
    rabbitmqctl,
    evaluate,
    stopLeader: async (queue) => {
      await evaluate(`${leader(queue)}, sys:suspend(Pid).`)
      return async () => {
        await evaluate(`${leader(queue)}, sys:resume(Pid).`)
      }
    },
    [Symbol.asyncDispose]: () => broker.close(),
  }
}
