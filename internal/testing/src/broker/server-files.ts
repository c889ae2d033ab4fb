import { randomBytes } from 'node:crypto'
import { glob, mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The ports of a server, all on loopback. */
export interface ServerPorts {
  readonly amqp: number
  readonly distribution: number
  readonly epmd: number
}

/** Marks, in the environment, every process that belongs to the server of a directory. */
export const DIRECTORY_MARK = 'PODQUEUE_BROKER_DIRECTORY'

/** Only numeric addresses, and each socket of Erlang's own on loopback too. */
const LOOPBACK = '-kernel inet_dist_use_interface {127,0,0,1}'

/** Writes what a server needs into its private directory. Resolves to what that adds to its environment. */
export async function writeServerFiles(
  directory: string,
  ports: ServerPorts,
  server: string,
): Promise<NodeJS.ProcessEnv> {
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
    // Below this many free bytes it blocks publishers. Its default, 50 MB, is much for a container's /tmp.
    'disk_free_limit.absolute = 10MB',
  ]
  await mkdir(join(directory, 'conf.d'))
  await mkdir(join(directory, 'log'))
  await writeFile(join(directory, 'rabbitmq.conf'), `${settings.join('\n')}\n`)
  await writeFile(join(directory, 'advanced.config'), '[].\n')
  await writeFile(join(directory, 'rabbitmq-env.conf'), '')
  await writeFile(join(directory, 'enabled_plugins'), '[].\n')
  // Erlang refuses a cookie that others may read.
  await writeFile(join(directory, '.erlang.cookie'), randomBytes(24).toString('hex'), { mode: 0o400 })
  const plugins = join(directory, 'plugins')
  return (await linkCore(plugins, server)) ? { RABBITMQ_PLUGINS_DIR: plugins } : {}
}

/**
 * A directory of plugins that has only the server itself, whose part of the schema it needs. The server reads all that are there, also
 * those that are not enabled: without them it starts two seconds earlier. Code is loaded from the installation.
 */
async function linkCore(directory: string, server: string): Promise<boolean> {
  await mkdir(directory)
  const installed = join(dirname(await realpath(server)), '..', 'plugins')
  const names = await Array.fromAsync(glob('rabbit-*', { cwd: installed }))
  await Promise.all(names.map((name) => symlink(join(installed, name), join(directory, name))))
  return names.length > 0
}

/** The environment of a server, of its epmd and of `rabbitmqctl`: nothing of another RabbitMQ or Erlang on the machine. */
export function serverEnvironment(directory: string, ports: ServerPorts): NodeJS.ProcessEnv {
  const { TEST_BROKER_FEATURE_FLAGS: featureFlags } = process.env
  const inherited = Object.entries(process.env).filter(([name]) => !/^(RABBITMQ|ERL|ELIXIR|NODE_CHANNEL)_/.test(name))
  return {
    ...Object.fromEntries(inherited),
    [DIRECTORY_MARK]: directory,
    // The only ones that a new server has, where RabbitMQ does not require more (https://www.rabbitmq.com/docs/feature-flags).
    ...(featureFlags === undefined ? {} : { RABBITMQ_FEATURE_FLAGS: featureFlags }),
    HOME: directory,
    LC_ALL: 'C.UTF-8',
    ELIXIR_ERL_OPTIONS: '+fnu',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_CRASH_DUMP_SECONDS: '0',
    RABBITMQ_NODENAME: 'podqueue@localhost',
    RABBITMQ_DIST_PORT: String(ports.distribution),
    RABBITMQ_CONF_ENV_FILE: join(directory, 'rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
    RABBITMQ_CONFIG_FILES: join(directory, 'conf.d'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(directory, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(directory, 'data'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(directory, 'config'),
    RABBITMQ_SCHEMA_DIR: join(directory, 'schema'),
    RABBITMQ_PID_FILE: join(directory, 'pid'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    // The runtime in the foreground, without a shell around it that would have to be ended too.
    RABBITMQ_ALLOW_INPUT: 'true',
    // Several brokers on a machine would otherwise be bound to the same cores.
    RABBITMQ_SCHEDULER_BIND_TYPE: 'u',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-noinput +B i ${LOOPBACK}`,
    RABBITMQ_CTL_ERL_ARGS: LOOPBACK,
  }
}
