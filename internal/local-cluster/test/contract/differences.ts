/**
 * What the local cluster does not do on purpose, by the names of the behaviours, and why. The suite holds that it is so:
 * a difference that is mended has to go from here, and from docs/local-cluster.md.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'a container leaves them at /dev/termination-log':
    'its pods see the files of this machine: the path of their termination log is in PODQUEUE_TERMINATION_LOG',
}
