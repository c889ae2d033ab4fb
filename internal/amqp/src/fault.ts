import type { ErrorFields } from '@internal/errors'
import type { AmqpFaultDetails } from './fault-details.ts'

/** A code for a fault between an app and its broker. Producer and worker share these. */
export type AmqpFaultCode = keyof AmqpFaultDetails

/** A fault in plain data. Producer and worker make their own errors of it. */
export type AmqpFault = { [Code in AmqpFaultCode]: ErrorFields<Code, AmqpFaultDetails[Code]> }[AmqpFaultCode]
