import { messageType } from '../../src/api/protobuf/message-types.ts'

export const PROTOBUF = { 'content-type': 'application/vnd.kubernetes.protobuf' }

/**
 * An object as a Go client sends it. Structs that are inline in JSON have their own field here: `localObjectReference`,
 * `volumeSource`. The names are those of the messages, so a cluster of Kubernetes shows whether their numbers are right.
 */
export function encoded(apiVersion: string, kind: string, object: object): Uint8Array {
  const raw = bytesOf(kind, object)
  return Buffer.concat([Buffer.from('k8s\0'), bytesOf('Unknown', { typeMeta: { apiVersion, kind }, raw })])
}

function bytesOf(name: string, object: object): Uint8Array {
  const type = messageType(name)
  return type.encode(type.fromObject(object)).finish()
}
