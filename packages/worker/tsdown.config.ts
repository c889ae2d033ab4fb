import { defineConfig, type UserConfig } from 'tsdown'

/** Those that cost milliseconds to load and that most runs never use: loaded at their first call. */
const LAZY: Readonly<Record<string, string>> = {
  'node:tls': "exports.connect = (...args) => process.getBuiltinModule('node:tls').connect(...args)",
  'node:child_process': "exports.spawn = (...args) => process.getBuiltinModule('node:child_process').spawn(...args)",
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

const common: UserConfig = { platform: 'node', target: 'node22.19', fixedExtension: false, plugins: [leanBuiltins()] }

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
    deps: { alwaysBundle: [/./], onlyBundle: false },
  },
])
