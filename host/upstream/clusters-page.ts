import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { formatAddress } from '../net/ip.ts';
import type { ClusterStatus, HostStatus } from './cluster-status.ts';

/** Envoy's `/clusters` as text: one `cluster::what::value` a line. */
export function clustersText(statuses: readonly ClusterStatus[]): string {
  return statuses
    .flatMap(clusterLines)
    .map((line) => `${line}\n`)
    .join('');
}

/** Envoy's `/clusters?format=json` (envoy.admin.v3.Clusters). */
export function clustersJson(statuses: readonly ClusterStatus[]): JsonObject {
  return { cluster_statuses: statuses.map(clusterJson) };
}

function clusterLines(status: ClusterStatus): readonly string[] {
  const { name, breakers } = status;
  const limits = [
    ['max_connections', breakers.connectionsMax],
    ['max_pending_requests', breakers.pendingMax],
    ['max_requests', breakers.requestsMax],
    ['max_retries', breakers.retriesMax],
  ];
  return [
    `${name}::observability_name::${status.statName}`,
    ...limits.map(([limit, value]) => `${name}::default_priority::${limit}::${value}`),
    ...(status.edsServiceName === ''
      ? []
      : [`${name}::eds_service_name::${status.edsServiceName}`]),
    ...status.hosts.flatMap((host) => hostLines(name, host)),
  ];
}

function hostLines(cluster: string, host: HostStatus): readonly string[] {
  const { counts } = host;
  const facts: readonly (readonly [string, string | number])[] = [
    ['cx_active', counts.activeConnections],
    ['cx_connect_fail', counts.connectFailures],
    ['cx_total', counts.connections],
    ['rq_active', counts.activeRequests],
    ['rq_total', counts.requests],
    ['hostname', host.hostname],
    ['health_flags', healthFlags(host)],
    ['weight', host.weight],
    ['region', host.region],
    ['zone', host.zone],
    ['sub_zone', host.subZone],
    ['canary', 'false'],
    ['priority', host.priority],
  ];
  const address = formatAddress(host.host, host.port);
  return facts.map(([fact, value]) => `${cluster}::${address}::${fact}::${value}`);
}

function healthFlags(host: HostStatus): string {
  switch (host.health) {
    case 'healthy':
      return 'healthy';
    case 'degraded':
      return '/failed_eds_degraded';
    case 'unhealthy':
      return '/failed_eds_health';
  }
}

function clusterJson(status: ClusterStatus): Json {
  const { breakers } = status;
  return {
    name: status.name,
    observability_name: status.statName,
    ...(status.edsServiceName === '' ? {} : { eds_service_name: status.edsServiceName }),
    circuit_breakers: {
      thresholds: [
        {
          max_connections: breakers.connectionsMax,
          max_pending_requests: breakers.pendingMax,
          max_requests: breakers.requestsMax,
          max_retries: breakers.retriesMax,
        },
      ],
    },
    host_statuses: status.hosts.map(hostJson),
  };
}

function hostJson(host: HostStatus): Json {
  const { counts } = host;
  const counter = (name: string, value: number): Json => ({ name, value: String(value) });
  const gauge = (name: string, value: number): Json => ({
    name,
    value: String(value),
    type: 'GAUGE',
  });
  return {
    address: { socket_address: { address: host.host, port_value: host.port } },
    hostname: host.hostname,
    locality: { region: host.region, zone: host.zone, sub_zone: host.subZone },
    priority: host.priority,
    weight: host.weight,
    health_status: { eds_health_status: host.health.toUpperCase() },
    stats: [
      gauge('cx_active', counts.activeConnections),
      counter('cx_connect_fail', counts.connectFailures),
      counter('cx_total', counts.connections),
      gauge('rq_active', counts.activeRequests),
      counter('rq_total', counts.requests),
    ],
  };
}
