/** The name of the container that runs the worker. Every verdict about a pod is about this container. */
export const WORKER_CONTAINER = 'worker'
