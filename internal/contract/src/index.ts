/**
 * The contract between producer, worker and k8s: each name, number and rule that two of them have to agree on, written once.
 * Pure, and without dependencies.
 */
export {
  type AddressProblem,
  BROKER_ADDRESS_EXAMPLE,
  type BrokerAddress,
  parseBrokerAddress,
} from './broker-address.ts'
export { CREDENTIAL_VARIABLES, ENV, isReservedVariable } from './environment.ts'
export { EXIT, LASTING_EXIT_CODES, OUTSIDE_EXIT_CODES } from './exit-code.ts'
export {
  decodeFailure,
  encodeFailure,
  type FailureRecord,
  LONGEST_FAILURE_MESSAGE,
  LONGEST_STANDARD_ERROR,
} from './failure-record.ts'
export { BROKER_HEADERS, HEADER } from './header.ts'
export { deliveryLimitIn, isItemType, itemType } from './item-type.ts'
export { deadLetterQueueOf, LONGEST_QUEUE_NAME, queueNameProblem } from './queue-name.ts'
export {
  batchOfResultLog,
  indexIn,
  isBatchId,
  LONGEST_QUEUE_NAME_WITH_RESULTS,
  RESULT_RECORD,
  resultLogOf,
} from './results.ts'
export {
  DEAD_WORKER_NOTICED_MS,
  EMPTY_CHOICES,
  type EmptyChoice,
  LONGEST_TIMER_MS,
  type NumberRule,
  WORKER_SETTINGS,
} from './worker-settings.ts'
