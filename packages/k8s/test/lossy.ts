import type { Dispatcher } from 'undici'
import type { KubeConfigLike } from '../src/index.ts'

/** Which answers are lost on the way: the API server has done what was asked, the client does not hear of it. */
export type Loses = (request: { readonly method: string; readonly path: string }) => boolean

/** A kubeconfig whose connections lose answers. `requests` lists what was sent. */
export function lossy(kubeConfig: KubeConfigLike, loses: Loses): { kubeConfig: KubeConfigLike; requests: string[] } {
  const requests: string[] = []
  return {
    requests,
    kubeConfig: {
      getCurrentContext: () => kubeConfig.getCurrentContext(),
      getContextObject: (name) => kubeConfig.getContextObject(name),
      getCurrentCluster: () => kubeConfig.getCurrentCluster(),
      applySecurityAuthentication: (context) =>
        kubeConfig.applySecurityAuthentication({
          setHeaderParam: (name, value) => context.setHeaderParam(name, value),
          setDispatcher: (dispatcher) => context.setDispatcher(losing(dispatcher as Dispatcher, loses, requests)),
        }),
    },
  }
}

function losing(dispatcher: Dispatcher, loses: Loses, requests: string[]): Dispatcher {
  const request = async (options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> => {
    requests.push(`${options.method} ${options.path}`)
    const answer = await dispatcher.request(options)
    if (!loses(options)) return answer
    await answer.body.dump()
    throw Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' })
  }
  return new Proxy(dispatcher, { get: (target, name) => (name === 'request' ? request : bound(target, name)) })
}

function bound(target: Dispatcher, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name)
  return typeof value === 'function' ? value.bind(target) : value
}
