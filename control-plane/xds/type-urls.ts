const PREFIX = 'type.googleapis.com/';

export const CLUSTER_TYPE: string = `${PREFIX}envoy.config.cluster.v3.Cluster`;
export const ENDPOINT_TYPE: string = `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`;
export const LISTENER_TYPE: string = `${PREFIX}envoy.config.listener.v3.Listener`;
export const ROUTE_TYPE: string = `${PREFIX}envoy.config.route.v3.RouteConfiguration`;
export const EXTENSION_TYPE: string = `${PREFIX}envoy.config.core.v3.TypedExtensionConfig`;

/** Make before break: what refers comes after what it refers to. */
export const PUSH_ORDER: readonly string[] = [
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  EXTENSION_TYPE,
];

/** Types whose first request without names means "all of them" (xDS protocol, wildcard). */
export const WILDCARD_TYPES: ReadonlySet<string> = new Set([CLUSTER_TYPE, LISTENER_TYPE]);

/** The names people use: CDS, EDS, LDS, RDS, ECDS. */
export const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  [CLUSTER_TYPE, 'CDS'],
  [ENDPOINT_TYPE, 'EDS'],
  [LISTENER_TYPE, 'LDS'],
  [ROUTE_TYPE, 'RDS'],
  [EXTENSION_TYPE, 'ECDS'],
]);
