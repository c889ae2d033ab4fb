import * as client from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import type { Model } from '../src/admission/schema.ts'
import { decodeProtobuf } from '../src/api/protobuf/decode.ts'
import { MESSAGE_NAMES, messageType } from '../src/api/protobuf/message-types.ts'
import { encoded } from './contract/protobuf.ts'

/** The messages that JSON has as plain values, or that client-node has under another name. */
const OTHERS = ['Time', 'MicroTime', 'Quantity', 'IntOrString', 'RawExtension', 'FieldsV1', 'ExtraValue']

/** The names of a message's fields as JSON has them: those of an inline struct are the message's own. */
function jsonNames(name: string): string[] {
  return messageType(name).fieldsArray.flatMap((field) =>
    field.options?.inline ? jsonNames(field.type) : [field.name],
  )
}

/** The field names of client-node's generated class for a kind, from Kubernetes' OpenAPI. */
function modelNames(name: string): string[] | undefined {
  const models = client as unknown as Readonly<Record<string, Model>>
  const model = [`V1${name}`, `CoreV1${name}`]
    .map((each) => models[each])
    .find((each) => typeof each?.getAttributeTypeMap === 'function')
  return model?.getAttributeTypeMap().map(({ baseName }) => baseName)
}

describe('the protobuf messages', () => {
  const known = MESSAGE_NAMES.filter((name) => modelNames(name) !== undefined && !OTHERS.includes(name))

  it('are those of all kinds that requests bring', () => {
    for (const kind of ['Job', 'Pod', 'Secret', 'ConfigMap', 'Namespace', 'ServiceAccount', 'Event', 'DeleteOptions']) {
      expect(known).toContain(kind)
    }
    expect(known.length).toBeGreaterThan(100)
  })

  // client-node is of a later Kubernetes, which has more fields.
  it.each(known)('of %s have no field that JSON does not have', (name) => {
    expect(modelNames(name)).toEqual(expect.arrayContaining(jsonNames(name)))
  })
})

describe('an object in protobuf', () => {
  it('has its times, its quantities and its ports as JSON has them', () => {
    const lastTimestamp = { seconds: 1_700_000_000, nanos: 999_999_999 }
    const eventTime = { seconds: 1_700_000_000, nanos: 120_000 }
    const event = decodeProtobuf(encoded('v1', 'Event', { lastTimestamp, eventTime, firstTimestamp: {} }))
    expect(event).toMatchObject({ eventTime: '2023-11-14T22:13:20.000120Z', firstTimestamp: null })
    const ports = [
      { type: 0, intVal: 0 },
      { type: 1, strVal: 'http' },
    ].map((port) => ({
      name: 'c',
      readinessProbe: { probeHandler: { httpGet: { port } } },
    }))
    const pod = decodeProtobuf(encoded('v1', 'Pod', { spec: { containers: ports } }))
    expect(pod).toMatchObject({
      spec: {
        containers: [{ readinessProbe: { httpGet: { port: 0 } } }, { readinessProbe: { httpGet: { port: 'http' } } }],
      },
    })
  })

  it('with broken bytes is refused with 400 at every place where they may break', () => {
    const whole = encoded('batch/v1', 'Job', { metadata: { name: 'a' }, spec: { parallelism: 3, completions: 4 } })
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole)
      flipped[at] = 255 - (flipped[at] ?? 0)
      for (const bytes of [whole.subarray(0, at), flipped]) {
        try {
          decodeProtobuf(bytes)
        } catch (error) {
          expect(error).toMatchObject({ status: { code: 400 } })
        }
      }
    }
  })
})
