import protobuf from 'protobufjs/light.js'
import messages from './messages.json' with { type: 'json' }

/** `runtime.Unknown`: the message around every object. */
const ENVELOPE = {
  TypeMeta: { fields: { apiVersion: { type: 'string', id: 1 }, kind: { type: 'string', id: 2 } } },
  Unknown: {
    fields: {
      typeMeta: { type: 'TypeMeta', id: 1 },
      raw: { type: 'bytes', id: 2 },
      contentEncoding: { type: 'string', id: 3 },
      contentType: { type: 'string', id: 4 },
    },
  },
}

/** The kinds of objects, and the messages in them. */
export const MESSAGE_NAMES: readonly string[] = Object.keys(messages)

const types: protobuf.Root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    // In proto2 a zero that was sent is not the same as no value.
    Object.entries({ ...messages, ...ENVELOPE }).map(([name, message]) => [name, { ...message, edition: 'proto2' }]),
  ),
})
types.resolveAll()

/** The protobuf type of a message of Kubernetes. */
export function messageType(name: string): protobuf.Type {
  return types.lookupType(name)
}
