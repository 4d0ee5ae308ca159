import * as extensions from '@lateen/sdk/abi/extensions';

/**
 * Envoy's response flags as bits. The first ones may be set by modules and stand in the extensions
 * of the ABI; the rest is the host's own.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
 */
export const FLAG = {
  NO_ROUTE: extensions.RESPONSE_FLAG_NO_ROUTE,
  FAULT_ABORT: extensions.RESPONSE_FLAG_FAULT_ABORT,
  FAULT_DELAY: extensions.RESPONSE_FLAG_FAULT_DELAY,
  RATE_LIMITED: extensions.RESPONSE_FLAG_RATE_LIMITED,
  UNAUTHORIZED: extensions.RESPONSE_FLAG_UNAUTHORIZED_EXTERNAL,
  NO_CLUSTER: extensions.RESPONSE_FLAG_NO_CLUSTER,
  NO_HEALTHY_UPSTREAM: 1 << 8,
  UPSTREAM_CONNECTION_FAILURE: 1 << 9,
  UPSTREAM_OVERFLOW: 1 << 10,
  UPSTREAM_RESET: 1 << 11,
  UPSTREAM_TERMINATION: 1 << 12,
  UPSTREAM_TIMEOUT: 1 << 13,
  UPSTREAM_RETRY_LIMIT: 1 << 14,
  UPSTREAM_PROTOCOL_ERROR: 1 << 15,
  DOWNSTREAM_TERMINATION: 1 << 16,
  DOWNSTREAM_PROTOCOL_ERROR: 1 << 17,
  STREAM_IDLE_TIMEOUT: 1 << 18,
  MAX_DURATION: 1 << 19,
  LOCAL_RESET: 1 << 20,
  UPSTREAM_MAX_STREAM_DURATION: 1 << 21,
} as const;

const NAMES: readonly (readonly [bit: number, name: string])[] = [
  [FLAG.NO_HEALTHY_UPSTREAM, 'UH'],
  [FLAG.UPSTREAM_CONNECTION_FAILURE, 'UF'],
  [FLAG.UPSTREAM_OVERFLOW, 'UO'],
  [FLAG.NO_ROUTE, 'NR'],
  [FLAG.UPSTREAM_RETRY_LIMIT, 'URX'],
  [FLAG.NO_CLUSTER, 'NC'],
  [FLAG.MAX_DURATION, 'DT'],
  [FLAG.DOWNSTREAM_TERMINATION, 'DC'],
  [FLAG.LOCAL_RESET, 'LR'],
  [FLAG.UPSTREAM_RESET, 'UR'],
  [FLAG.UPSTREAM_TERMINATION, 'UC'],
  [FLAG.UPSTREAM_TIMEOUT, 'UT'],
  [FLAG.FAULT_DELAY, 'DI'],
  [FLAG.FAULT_ABORT, 'FI'],
  [FLAG.RATE_LIMITED, 'RL'],
  [FLAG.UNAUTHORIZED, 'UAEX'],
  [FLAG.STREAM_IDLE_TIMEOUT, 'SI'],
  [FLAG.DOWNSTREAM_PROTOCOL_ERROR, 'DPE'],
  [FLAG.UPSTREAM_PROTOCOL_ERROR, 'UPE'],
  [FLAG.UPSTREAM_MAX_STREAM_DURATION, 'UMSDR'],
];

/** Envoy's short names joined by commas, `-` where no flag is set. */
export function formatFlags(bits: number): string {
  if (bits === 0) return '-';
  const names: string[] = [];
  for (const [bit, name] of NAMES) if ((bits & bit) !== 0) names.push(name);
  return names.length === 0 ? '-' : names.join(',');
}
