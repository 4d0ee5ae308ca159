/** One bundled module: its folder's name, what it serves, and how big it may get. */
export interface CatalogEntry {
  readonly name: string;
  /** Message types whose configuration is handed to the module, without the type URL's prefix. */
  readonly serves: readonly string[];
  readonly sizeMax: number;
  /** Only watches: when it fails, streams go on without it. All others fail closed. */
  readonly watches?: true;
}

/** Every bundled module. The host learns of them through dist/manifest.json only. */
export const CATALOG: readonly CatalogEntry[] = [
  {
    name: 'router',
    serves: [
      'envoy.config.route.v3.RouteConfiguration',
      'envoy.config.route.v3.VirtualHost',
      'envoy.extensions.filters.http.router.v3.Router',
    ],
    sizeMax: 64_000,
  },
  {
    name: 'retry',
    serves: ['envoy.config.route.v3.RetryPolicy'],
    sizeMax: 40_000,
  },
  {
    name: 'fault',
    serves: ['envoy.extensions.filters.http.fault.v3.HTTPFault'],
    sizeMax: 40_000,
  },
  {
    name: 'rbac',
    serves: [
      'envoy.extensions.filters.http.rbac.v3.RBAC',
      'envoy.extensions.filters.http.rbac.v3.RBACPerRoute',
    ],
    sizeMax: 48_000,
  },
  {
    name: 'stats',
    serves: ['stats.PluginConfig'],
    sizeMax: 72_000,
    watches: true,
  },
  {
    name: 'access-log',
    serves: [
      'envoy.config.accesslog.v3.AccessLog',
      'envoy.extensions.access_loggers.file.v3.FileAccessLog',
      'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
      'envoy.extensions.access_loggers.stream.v3.StderrAccessLog',
    ],
    sizeMax: 64_000,
    watches: true,
  },
  {
    name: 'peer-metadata',
    serves: ['io.istio.http.peer_metadata.Config'],
    sizeMax: 40_000,
    watches: true,
  },
];
