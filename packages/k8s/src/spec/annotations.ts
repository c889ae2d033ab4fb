/** The annotation with the id of the call that made a Job. A repeated create with the same id is the same run. */
export const RUN_ID = 'podqueue/run-id'

/** The annotation with the hash of a Job's contents. It tells the same work from other work. */
export const SPEC_HASH = 'podqueue/spec-hash'

/** The annotation on a Job that podqueue made suspended. Its value is the name of the Secret that has to be there first. */
export const AWAITING_SECRET = 'podqueue/awaiting-secret'

/** The annotation with the number of dead letters when a run began: what a restarted run compares with. */
export const DEAD_LETTERS_AT_START = 'podqueue/dead-letters-at-start'

/** The annotation with the number of items that a run found in its queue when it made the Job. */
export const ITEMS_AT_START = 'podqueue/items-at-start'

/** The annotation with the time at which the Job first started. Kubernetes' own start time begins again when a suspended Job goes on. */
export const FIRST_STARTED_AT = 'podqueue/first-started-at'

/**
 * The annotation on a Job whose suspension is podqueue's own, until its Secret is there. Without it a suspended Job is the
 * caller's, its `template`'s or an admission webhook's, such as Kueue's, and podqueue never starts it.
 */
export const OWN_SUSPENSION = 'podqueue/own-suspension'
