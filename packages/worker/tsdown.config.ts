import { defineConfig, type UserConfig } from 'tsdown'

/** Those that cost milliseconds to load and that most runs never use: loaded at their first call. */
const LAZY: Readonly<Record<string, string>> = {
  'node:tls': "exports.connect = (...args) => process.getBuiltinModule('node:tls').connect(...args)",
  'node:child_process': "exports.spawn = (...args) => process.getBuiltinModule('node:child_process').spawn(...args)",
  'node:timers/promises':
    "exports.setTimeout = (...args) => process.getBuiltinModule('node:timers/promises').setTimeout(...args)",
  'node:os': "exports.hostname = () => process.getBuiltinModule('node:os').hostname()",
  'node:assert': `const strict = () => process.getBuiltinModule('node:assert')
module.exports = (ok, message) => { if (!ok) strict()(ok, message) }
module.exports.equal = (one, other, message) => { if (one != other) strict().equal(one, other, message) }`,
}

const MARK = '\0builtin:'

/**
 * Reaches Node's own modules by `process.getBuiltinModule`. An `import` of `node:fs` makes Node evaluate all that it
 * exports, promises, streams and readline among them, and `node:tls` alone takes as long to load as the whole of this
 * package: a third of the time that an item costs.
 */
function leanBuiltins(): UserConfig['plugins'] {
  return {
    name: 'lean-builtins',
    resolveId: {
      filter: { id: /^node:/ },
      handler: (source) => MARK + source,
    },
    load: {
      filter: { id: /^\0builtin:/ },
      handler: (id) => {
        const name = id.slice(MARK.length)
        return { code: LAZY[name] ?? `module.exports = process.getBuiltinModule('${name}')`, moduleType: 'js' }
      },
    },
    // The global `performance` is a getter that loads node:perf_hooks, which takes 3 ms.
    transform: (code) => code.replaceAll('performance.now()', '(Number(process.hrtime.bigint()) / 1e6)'),
  }
}

/** One character that is not ASCII makes Node decode all of the bundle the slow way, and V8 keep it at twice its size: 0.3 ms. */
function asciiOnly(): UserConfig['plugins'] {
  return {
    name: 'ascii-only',
    renderChunk: {
      order: 'post',
      handler: (code) =>
        code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    },
  }
}

/** What a worker sends, and what a broker sends to it. */
const SENT =
  /^(Connection(StartOk|TuneOk|Open|Close|CloseOk)|Channel(Open|FlowOk|Close|CloseOk)|Basic(Qos|Consume|Cancel|Ack|Nack|Reject|Publish|Properties)|QueueDeclare|ConfirmSelect)$/
const RECEIVED =
  /^(Connection(Start|Secure|Tune|OpenOk|Close|CloseOk|Blocked|Unblocked)|Channel(OpenOk|Flow|Close|CloseOk)|Basic(QosOk|ConsumeOk|Cancel|CancelOk|Deliver|Return|Ack|Nack|Properties)|QueueDeclareOk|ConfirmSelectOk)$/

/**
 * Leaves out of amqplib's generated codec what a worker neither sends nor gets, half of the bundle: any such frame is an
 * `Unknown class/method ID`. The arguments' descriptions, which nothing reads, go as well.
 */
function leanCodec(): UserConfig['plugins'] {
  return {
    name: 'lean-codec',
    transform: {
      filter: { id: /amqplib\/lib\/defs\.js$/ },
      handler: (code) => {
        const used = (way: string, method: string): boolean => (way === 'encode' ? SENT : RECEIVED).test(method)
        const kept = new Set<string>()
        const lean = code
          .replace(/^function (encode|decode)([A-Z]\w+)\([\s\S]*?^\}\n/gm, (text, way, method) => {
            if (method === 'Table' || method === 'Fields') return text
            if (!used(way, method)) return ''
            kept.add(`${way}${method}`)
            return text
          })
          .replace(/^ +case \d+:\n +return (encode|decode)([A-Z]\w+)\(.*\);\n/gm, (text, way, method) =>
            used(way, method) ? text : '',
          )
          .replace(/^ {2}args: \[\n[\s\S]*?^ {2}\],$/gm, '  args: [],')
          // What the broker says of itself, which nobody reads, takes as long to decode as all the rest of the opening.
          .replace(/val = decodeFields\((.*)\);\n(?=.*\n.*serverProperties = val)/, () => {
            kept.add('serverProperties')
            return 'val = {};\n'
          })
        // Of another amqplib, whose text is another, nothing may go missing unnoticed.
        if (kept.size !== 43) throw new Error(`amqplib's codec has changed: ${kept.size} of its functions are left`)
        return lean
      },
    },
  }
}

const common: UserConfig = {
  platform: 'node',
  target: 'node22.19',
  fixedExtension: false,
  plugins: [leanBuiltins(), leanCodec(), asciiOnly()],
  // Node reads all of it at each start. The names of functions stay, for stack traces.
  minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
  // What tools know a module by: an export at the start of a line.
  footer: { js: 'export {}' },
}

/** Each entry by itself: a chunk that two of them share would be one more file to load. */
const library = (entry: string): UserConfig => ({
  ...common,
  entry: [entry],
  dts: true,
  // The private workspaces are not on npm. amqplib goes in as well, since as it is it loads node:tls for every address.
  deps: { alwaysBundle: [/^@internal\//, 'amqplib', 'p-retry', 'is-network-error'], onlyBundle: false },
})

export default defineConfig([
  library('src/index.ts'),
  library('src/testing.ts'),
  {
    ...common,
    entry: { 'podqueue-worker': 'src/command/podqueue-worker.ts' },
    dts: false,
    // What is loaded later shares the file that is there, instead of one more.
    inputOptions: { preserveEntrySignatures: false },
    deps: { alwaysBundle: [/./], onlyBundle: false },
  },
])
