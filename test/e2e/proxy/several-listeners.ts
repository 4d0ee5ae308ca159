import { type ConfigObject, type StaticProxyOptions, staticProxy } from '../../kit/envoy-config.ts';

/** One bootstrap with a listener for each of these; all share the first one's cluster. */
export function severalListeners(options: readonly StaticProxyOptions[]): ConfigObject {
  const [first, ...others] = options.map((each) => resourcesOf(staticProxy(each)));
  const listeners = [first!, ...others].flatMap((resources, index) =>
    resources.listeners.map((listener) => ({ ...listener, name: `listener-${index}` })),
  );
  return { static_resources: { listeners, clusters: first!.clusters } };
}

interface Resources {
  readonly listeners: readonly ConfigObject[];
  readonly clusters: readonly ConfigObject[];
}

function resourcesOf(config: ConfigObject): Resources {
  return config['static_resources'] as Resources;
}
