import type { Health } from './assignment.ts';
import type { UpstreamCluster } from './cluster.ts';
import type { BreakerLimits } from './cluster-config.ts';
import type { PoolCounts } from './pool-account.ts';

/** What one worker knows of a cluster; plain data. */
export interface ClusterStatus {
  readonly name: string;
  readonly statName: string;
  readonly edsServiceName: string;
  readonly breakers: BreakerLimits;
  readonly hosts: readonly HostStatus[];
}

export interface HostStatus {
  readonly host: string;
  readonly port: number;
  readonly hostname: string;
  readonly health: Health;
  readonly weight: number;
  readonly priority: number;
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  readonly counts: Readonly<PoolCounts>;
}

export function clusterStatus(cluster: UpstreamCluster): ClusterStatus {
  const { config } = cluster;
  return {
    name: config.name,
    statName: config.statName,
    edsServiceName: config.kind === 'eds' ? config.edsServiceName : '',
    breakers: config.breakers,
    hosts: [...cluster.hosts].map(({ place, pool }) => ({
      host: place.endpoint.host,
      port: place.endpoint.port,
      hostname: place.endpoint.hostname,
      health: place.endpoint.health,
      weight: place.endpoint.weight,
      priority: place.priority,
      ...place.locality,
      counts: { ...pool.counts },
    })),
  };
}

/** One status per cluster from those of all workers: figures are added up. */
export function mergeStatuses(
  workers: readonly (readonly ClusterStatus[])[],
): readonly ClusterStatus[] {
  const merged = new Map<string, ClusterStatus>();
  for (const status of workers.flat()) {
    const known = merged.get(status.name);
    merged.set(status.name, known === undefined ? status : mergeTwo(known, status));
  }
  return [...merged.values()];
}

function mergeTwo(a: ClusterStatus, b: ClusterStatus): ClusterStatus {
  const others = new Map(b.hosts.map((host) => [`${host.host} ${host.port}`, host]));
  const hosts = a.hosts.map((host) => {
    const key = `${host.host} ${host.port}`;
    const other = others.get(key);
    others.delete(key);
    return other === undefined ? host : { ...host, counts: added(host.counts, other.counts) };
  });
  return { ...a, hosts: [...hosts, ...others.values()] };
}

function added(a: PoolCounts, b: PoolCounts): PoolCounts {
  return {
    activeRequests: a.activeRequests + b.activeRequests,
    requests: a.requests + b.requests,
    activeConnections: a.activeConnections + b.activeConnections,
    connections: a.connections + b.connections,
    connectFailures: a.connectFailures + b.connectFailures,
  };
}
