import type { JsonObject } from '@lateen/sdk/base/json';
import { CLUSTER, LOAD_ASSIGNMENT } from '@lateen/sdk/xds/type-urls';
import { type MergedRule, type MergedSubset, policyForPort } from '../mesh/destination-rules.ts';
import { selects } from '../mesh/hosts.ts';
import type { Mesh, MeshEndpoint, MeshPort, MeshService } from '../mesh/mesh.ts';
import { canonicalName, canonicalRevision } from '../mesh/workloads.ts';
import { clusterPolicy } from './cluster-policy.ts';
import { compact, FROM_ADS, seconds, socketAddress, typed, unlessEmpty } from './json.ts';
import { BLACK_HOLE, outboundCluster } from './names.ts';
import { configPath, sourceLine } from './provenance.ts';

export interface ClusterResources {
  readonly clusters: Map<string, JsonObject>;
  readonly endpoints: Map<string, JsonObject>;
}

/**
 * One cluster for each port and subset of every service that the client may see. Ports that carry
 * neither HTTP/1.1 nor something unknown are left out until the host speaks their protocol.
 */
export function addOutboundClusters(
  mesh: Mesh,
  services: readonly MeshService[],
  clientNamespace: string,
  into: ClusterResources,
): void {
  for (const service of services) {
    const rule = mesh.destinationRules.find(service, clientNamespace);
    for (const port of service.ports.filter(carriesHttp)) {
      addCluster({ mesh, service, port, rule, subset: undefined }, into);
      for (const subset of rule?.subsets ?? []) {
        addCluster({ mesh, service, port, rule, subset }, into);
      }
    }
  }
  into.clusters.set(BLACK_HOLE, blackHole());
}

export function carriesHttp(port: MeshPort): boolean {
  return port.protocol === 'http' || port.protocol === 'auto';
}

interface ClusterInput {
  readonly mesh: Mesh;
  readonly service: MeshService;
  readonly port: MeshPort;
  readonly rule: MergedRule | undefined;
  readonly subset: MergedSubset | undefined;
}

function addCluster(input: ClusterInput, into: ClusterResources): void {
  const { mesh, service, port, rule, subset } = input;
  const name = outboundCluster(port.number, subset?.name ?? '', service.hostname);
  const assignment = assignmentOf(name, input);
  const eds = service.resolution === 'eds';
  const policy = policyForPort(rule, subset, port.number);
  const cluster = typed(
    CLUSTER,
    compact({
      name,
      type: clusterType(input),
      edsClusterConfig: eds ? { edsConfig: FROM_ADS, serviceName: name } : undefined,
      loadAssignment: eds ? undefined : withoutType(assignment),
      dnsRefreshRate: eds ? undefined : seconds(mesh.settings.dnsRefreshRateMs),
      dnsLookupFamily: eds ? undefined : 'V4_PREFERRED',
      respectDnsTtl: eds ? undefined : true,
      ...clusterPolicy(policy, mesh.settings.connectTimeoutMs),
      metadata: clusterMetadata(input),
    }),
  );
  into.clusters.set(name, cluster);
  if (eds) into.endpoints.set(name, assignment);
}

/** LOGICAL_DNS wants exactly one name; with none (a subset without endpoints) there is no harm. */
function clusterType({ service, subset }: ClusterInput): string {
  if (service.resolution === 'eds') return 'EDS';
  const single = service.endpoints.length === 1 && subset === undefined;
  return service.resolution === 'dns-round-robin' && single ? 'LOGICAL_DNS' : 'STRICT_DNS';
}

function clusterMetadata({ service, port, rule, subset }: ClusterInput): JsonObject {
  const { hostname: host, name, namespace } = service;
  const owner = subset?.rule ?? rule?.rule;
  const place =
    subset === undefined ? ['metadata', 'name'] : ['spec', 'subsets', subset.index, 'name'];
  return {
    filterMetadata: {
      istio: compact({
        config: owner === undefined ? undefined : configPath(owner),
        default_original_port: port.number,
        services: [{ host, name, namespace }],
        subset: subset?.name,
      }),
      lateen: {
        source: sourceLine(
          owner ?? service.object,
          owner === undefined ? ['metadata', 'name'] : place,
        ),
      },
    },
  };
}

/** Endpoints by locality; those of other subsets, and those without the port, are left out. */
function assignmentOf(clusterName: string, input: ClusterInput): JsonObject {
  const { service, port, subset, mesh } = input;
  const chosen = service.endpoints.filter(
    (endpoint) =>
      endpoint.ports.has(port.name) &&
      selects(subset?.labels, endpoint.labels) &&
      (service.resolution !== 'eds' || isIpAddress(endpoint.address)),
  );
  const localities = Map.groupBy(chosen, (endpoint) => endpoint.locality);
  const endpoints = [...localities].map(([locality, members]) =>
    compact({
      locality: localityOf(locality),
      lbEndpoints: members.map((endpoint) => lbEndpoint(endpoint, port, mesh)),
      loadBalancingWeight: members.reduce((sum, endpoint) => sum + endpoint.weight, 0),
    }),
  );
  return typed(LOAD_ASSIGNMENT, compact({ clusterName, endpoints: unlessEmpty(endpoints) }));
}

/** EDS carries addresses only; names are for DNS clusters. */
function isIpAddress(address: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(address) || /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address);
}

function lbEndpoint(endpoint: MeshEndpoint, port: MeshPort, mesh: Mesh): JsonObject {
  const { labels, namespace, workload } = endpoint;
  const known = workload !== '' || Object.keys(labels).length > 0;
  const identity = [
    workload,
    namespace,
    canonicalName(labels, workload),
    canonicalRevision(labels),
    mesh.settings.clusterId,
  ];
  return compact({
    endpoint: { address: socketAddress(endpoint.address, endpoint.ports.get(port.name) ?? 0) },
    healthStatus: endpoint.healthy ? undefined : 'UNHEALTHY',
    metadata: known
      ? { filterMetadata: { istio: { workload: identity.join(';') }, lateen: { labels } } }
      : undefined,
    loadBalancingWeight: endpoint.weight,
  });
}

function localityOf(locality: string): JsonObject | undefined {
  if (locality === '') return undefined;
  const [region, zone, subZone] = locality.split('/');
  return compact({ region, zone, subZone });
}

function withoutType({ '@type': _, ...fields }: JsonObject): JsonObject {
  return fields;
}

/** Where requests end that must go nowhere. */
function blackHole(): JsonObject {
  return typed(CLUSTER, {
    name: BLACK_HOLE,
    type: 'STATIC',
    connectTimeout: '10s',
    loadAssignment: { clusterName: BLACK_HOLE },
  });
}
