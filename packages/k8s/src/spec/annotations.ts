/** The annotation with the id of the call that made a Job. A repeated create with the same id is the same run. */
export const RUN_ID = 'podqueue/run-id'

/** The annotation with the hash of a Job's contents. It tells the same work from other work. */
export const SPEC_HASH = 'podqueue/spec-hash'

/** The annotation on a Job that podqueue made suspended. Its value is the name of the Secret that has to be there first. */
export const AWAITING_SECRET = 'podqueue/awaiting-secret'
