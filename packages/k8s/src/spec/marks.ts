/** The annotation with the id of the call that made a Job: what makes a repeated create the same run. */
export const RUN_ID = 'podqueue/run-id'

/** The annotation with the hash of what a Job was made from: what tells the same work from other work. */
export const SPEC_HASH = 'podqueue/spec-hash'

/** The annotation on a Job that was made suspended; its value is the name of the Secret that must be there first. */
export const AWAITING_SECRET = 'podqueue/awaiting-secret'

/** The container that runs the worker. */
export const WORKER_CONTAINER = 'worker'

/** The label that Kubernetes gives each pod of a Job, with the Job's uid. */
export const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid'

/** The annotation and label that Kubernetes gives each pod of an Indexed Job. */
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index'
