/** The label that Kubernetes gives each pod of a Job, with the Job's uid. */
export const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid'

/** The annotation and label that Kubernetes gives each pod of an Indexed Job, with the pod's index. */
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index'
