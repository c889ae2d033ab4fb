/** The names of all functions that the packages export, without classes. */
export async function publicFunctions(): Promise<string[]> {
  const entries = [
    await import('@podqueue/producer'),
    await import('@podqueue/worker'),
    await import('@podqueue/worker/testing'),
    await import('@podqueue/k8s'),
    await import('@podqueue/k8s/local'),
    await import('@podqueue/k8s/progress'),
    await import('@podqueue/k8s/report'),
  ]
  return entries.flatMap((entry) => Object.entries(entry)).flatMap(([name, value]) => (isFunction(value) ? [name] : []))
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value))
}
