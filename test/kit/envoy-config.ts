/** JSON that Envoy, or we, read as a bootstrap file. */
export type ConfigObject = { readonly [name: string]: unknown };

export interface StaticProxyOptions {
  /** The listener's port on 127.0.0.1. */
  readonly listenPort: number;
  /** Where everything goes, on 127.0.0.1. */
  readonly upstreamPort: number;
  /** The admin's port; default none. */
  readonly adminPort?: number;
  /** HTTP filters before the router. */
  readonly httpFilters?: readonly ConfigObject[];
  /** Added to the one route, such as `retry_policy`, beside its cluster. */
  readonly route?: ConfigObject;
  /** Added to the connection manager. */
  readonly manager?: ConfigObject;
  /** Added to the cluster. */
  readonly cluster?: ConfigObject;
}

const TYPES = 'type.googleapis.com/envoy';

export const ROUTER: ConfigObject = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': `${TYPES}.extensions.filters.http.router.v3.Router` },
};

/** A bootstrap with one listener, one route for everything, and one cluster. */
export function staticProxy(options: StaticProxyOptions): ConfigObject {
  const { adminPort } = options;
  return {
    ...(adminPort === undefined ? {} : { admin: { address: address(adminPort) } }),
    static_resources: { listeners: [listener(options)], clusters: [cluster(options)] },
  };
}

function listener(options: StaticProxyOptions): ConfigObject {
  const everything = { match: { prefix: '/' }, route: { cluster: 'origin', ...options.route } };
  const manager = {
    '@type': `${TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'ingress',
    route_config: {
      name: 'local',
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [everything] }],
    },
    http_filters: [...(options.httpFilters ?? []), ROUTER],
    ...options.manager,
  };
  const filters = [
    { name: 'envoy.filters.network.http_connection_manager', typed_config: manager },
  ];
  return { name: 'ingress', address: address(options.listenPort), filter_chains: [{ filters }] };
}

function cluster(options: StaticProxyOptions): ConfigObject {
  const endpoint = { endpoint: { address: address(options.upstreamPort) } };
  return {
    name: 'origin',
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: { cluster_name: 'origin', endpoints: [{ lb_endpoints: [endpoint] }] },
    ...options.cluster,
  };
}

function address(port: number): ConfigObject {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
