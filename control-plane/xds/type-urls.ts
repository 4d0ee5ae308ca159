import {
  CLUSTER as CLUSTER_TYPE,
  LOAD_ASSIGNMENT as ENDPOINT_TYPE,
  EXTENSION_CONFIG as EXTENSION_TYPE,
  LISTENER as LISTENER_TYPE,
  ROUTE_CONFIGURATION as ROUTE_TYPE,
} from '@lateen/sdk/xds/type-urls';

export { CLUSTER_TYPE, ENDPOINT_TYPE, EXTENSION_TYPE, LISTENER_TYPE, ROUTE_TYPE };

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
