import { type Broker, startBroker } from '@internal/testing'
import { connect } from 'amqplib'

/** A broker of one test file's own, for faults that would hit every other test on a shared one. */
export interface OwnBroker extends AsyncDisposable {
  readonly url: string
  readonly version: string
  /** Whether it is of 4.3 or later, whose consumer timeout differs. */
  readonly is43: boolean
  rabbitmqctl(...args: readonly string[]): Promise<string>
  /** Stops the node's process in the middle of whatever it does, as SIGSTOP; `resume` lets it go on. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Evaluates Erlang on the broker's node. */
  evaluate(erlang: string): Promise<string>
  /** Suspends the process that leads a quorum queue, so that it answers nothing; the returned function lets it go on. */
  stopLeader(queue: string): Promise<() => Promise<void>>
}

/** Starts one, or says in a line why the tests that need it are skipped: a broker that somebody else runs is not ours to stop. */
export async function ownBroker(): Promise<OwnBroker | undefined> {
  const announce = (line: string): void => void process.stderr.write(`own broker: ${line}\n`)
  const broker: Broker = await startBroker({ announce })
  const { rabbitmqctl, pause, resume } = broker
  if (rabbitmqctl === undefined || pause === undefined || resume === undefined) {
    announce('skipped what needs rabbitmqctl, since BROKER_URL is given; unset it, or set TEST_BROKER')
    return undefined
  }
  const connection = await connect(broker.url)
  const version = String(connection.connection.serverProperties.version)
  const [major = 0, minor = 0] = version.split('.').map(Number)
  await connection.close()
  const evaluate = (erlang: string): Promise<string> => rabbitmqctl('eval', erlang)
  const leader = (queue: string): string =>
    `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)), {Pid, _} = amqqueue:get_pid(Q)`
  return {
    url: broker.url,
    version,
    is43: major > 4 || (major === 4 && minor >= 3),
    rabbitmqctl,
    pause,
    resume,
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
