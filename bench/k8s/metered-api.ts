import type { KubeConfigLike, SecurityContextLike } from '@podqueue/k8s'

type Dispatcher = Parameters<SecurityContextLike['setDispatcher']>[0]

/** The same kubeconfig, whose requests are written down as `METHOD path`. */
export function meteredApi(config: KubeConfigLike): { kubeConfig: KubeConfigLike; requests: string[] } {
  const requests: string[] = []
  const metered = (dispatcher: Dispatcher): Dispatcher =>
    new Proxy(dispatcher, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'request') return value.bind(target)
        return (options: Parameters<Dispatcher['request']>[0]) => {
          requests.push(`${options.method} ${options.path}`)
          return target.request(options)
        }
      },
    })
  return {
    requests,
    kubeConfig: {
      getCurrentContext: () => config.getCurrentContext(),
      getContextObject: (name) => config.getContextObject(name),
      getCurrentCluster: () => config.getCurrentCluster(),
      applySecurityAuthentication: (context) =>
        config.applySecurityAuthentication({
          setHeaderParam: (name, value) => context.setHeaderParam(name, value),
          setDispatcher: (dispatcher) => context.setDispatcher(metered(dispatcher)),
        }),
    },
  }
}
