import type { JsonObject } from '@lateen/sdk/base/json';
import { CLUSTER, LISTENER, typeUrl } from '@lateen/sdk/xds/type-urls';
import type { ConnectionPool } from '../api/destination-rule.ts';
import type { FieldPath } from '../api/located.ts';
import type { ConfigObject, TypedObject } from '../api/object.ts';
import type { SidecarIngress } from '../api/sidecar.ts';
import type { Mesh, MeshService } from '../mesh/mesh.ts';
import { clusterPolicy } from './cluster-policy.ts';
import { httpFilterChain, httpListener } from './connection-manager.ts';
import { chainOrigins, type FilterInput } from './http-filters.ts';
import { servicesAt, workloadPorts } from './inbound-services.ts';
import { socketAddress, typed } from './json.ts';
import { inboundCluster, listenerName } from './names.ts';
import type { ProxyNode } from './node.ts';
import { origin, provenance } from './provenance.ts';
import { INBOUND_RETRY_POLICY } from './retry-policy.ts';
import type { ResourceMaps } from './snapshot.ts';

export interface InboundInput {
  readonly node: ProxyNode;
  readonly mesh: Mesh;
  readonly sidecar: TypedObject<'Sidecar'> | undefined;
  readonly filters: FilterInput;
  /** The workload sends its requests to a proxy port: nothing is redirected here. */
  readonly explicit: boolean;
}

/** One port at which the workload is called, and where the application answers it. */
interface InboundPort {
  readonly port: number;
  readonly bind: string;
  readonly target: { readonly host: string; readonly port: number };
  /** A listener of its own, in place of a chain that redirected connections are matched to. */
  readonly listens: boolean;
  readonly services: readonly MeshService[];
  readonly pool: ConnectionPool | undefined;
  readonly object: ConfigObject;
  readonly path: FieldPath;
}

/**
 * What comes to the workload. A Sidecar's ingress lists the ports; without one they are those of
 * the services that the workload is behind, reached by redirection (`virtualInbound`).
 */
export function addInbound(input: InboundInput, into: ResourceMaps): void {
  const ports = inboundPorts(input);
  const chains: InboundPort[] = [];
  for (const item of ports) {
    into.clusters.set(inboundCluster(item.port), cluster(item, input.mesh));
    if (!item.listens) chains.push(item);
    else into.listeners.set(listenerName(item.bind, item.port), listener(item, input));
  }
  if (chains.length > 0) into.listeners.set(VIRTUAL_INBOUND, virtualInbound(chains, input));
}

const VIRTUAL_INBOUND = 'virtualInbound';

function inboundPorts(input: InboundInput): readonly InboundPort[] {
  const { node, mesh, sidecar } = input;
  const redirected = isRedirected(input);
  const ingress = sidecar?.spec.ingress ?? [];
  if (sidecar !== undefined && ingress.length > 0) {
    return ingress.map((item, index) => fromIngress(input, sidecar, { item, index, redirected }));
  }
  if (!redirected) return [];
  return workloadPorts(node, mesh).map(({ port, services, object }) => ({
    port,
    bind: '0.0.0.0',
    target: { host: '127.0.0.1', port },
    listens: false,
    services,
    pool: sidecar?.spec.inboundConnectionPool,
    object,
    path: ['metadata', 'name'],
  }));
}

/** As the node says; one that says nothing is taken at its configuration's word. */
function isRedirected({ node, sidecar, explicit }: InboundInput): boolean {
  if (node.interception !== undefined) return node.interception !== 'NONE';
  const { ingress = [], egress = [] } = sidecar?.spec ?? {};
  return !explicit && ![...ingress, ...egress].some((item) => item.captureMode === 'NONE');
}

function fromIngress(
  { node, mesh }: InboundInput,
  sidecar: TypedObject<'Sidecar'>,
  wanted: { readonly item: SidecarIngress; readonly index: number; readonly redirected: boolean },
): InboundPort {
  const { item, index, redirected } = wanted;
  const port = item.port.number;
  return {
    port,
    bind: item.bind === undefined || item.bind === '' ? node.ip || '0.0.0.0' : item.bind,
    target: endpointOf(item, node),
    listens: item.captureMode === 'NONE' || !redirected,
    services: servicesAt(node, mesh, port),
    pool: item.connectionPool ?? sidecar.spec.inboundConnectionPool,
    object: sidecar,
    path: ['spec', 'ingress', index],
  };
}

/** `127.0.0.1:8080`; `0.0.0.0:8080` means the workload's own address. */
function endpointOf(ingress: SidecarIngress, node: ProxyNode): InboundPort['target'] {
  const given = ingress.defaultEndpoint ?? `127.0.0.1:${ingress.port.number}`;
  const colon = given.lastIndexOf(':');
  const host = given.slice(0, colon).replaceAll(/[[\]]/g, '');
  const own = host === '0.0.0.0' || host === '::' || host === '';
  return { host: own ? node.ip || '127.0.0.1' : host, port: Number(given.slice(colon + 1)) };
}

function cluster(item: InboundPort, mesh: Mesh): JsonObject {
  const name = inboundCluster(item.port);
  const address = socketAddress(item.target.host, item.target.port);
  return typed(CLUSTER, {
    name,
    type: 'STATIC',
    ...clusterPolicy({ connectionPool: item.pool }, mesh.settings.connectTimeoutMs),
    lbPolicy: 'ROUND_ROBIN',
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }],
    },
    metadata: {
      filterMetadata: {
        istio: {
          services: item.services.map(({ hostname: host, name: short, namespace }) => ({
            host,
            name: short,
            namespace,
          })),
        },
        lateen: origin(item.object, item.path),
      },
    },
  });
}

function listener(item: InboundPort, { filters, mesh }: InboundInput): JsonObject {
  return httpListener({
    name: listenerName(item.bind, item.port),
    address: item.bind,
    port: item.port,
    side: { side: 'inbound', port: item.port },
    routes: { inline: routes(item) },
    filters,
    settings: mesh.settings,
    origin: origin(item.object, item.path),
  });
}

/** Connections that were redirected keep the port they were meant for; a chain is chosen by it. */
function virtualInbound(
  items: readonly InboundPort[],
  { filters, mesh }: InboundInput,
): JsonObject {
  const { settings } = mesh;
  const origins = items.map((item) => chainOrigins(filters, { side: 'inbound', port: item.port }));
  return typed(LISTENER, {
    name: VIRTUAL_INBOUND,
    address: socketAddress('0.0.0.0', settings.proxyInboundListenPort),
    listenerFilters: [ORIGINAL_DST],
    filterChains: items.map((item) => ({
      name: listenerName('0.0.0.0', item.port),
      filterChainMatch: { destinationPort: item.port },
      ...httpFilterChain({
        name: listenerName('0.0.0.0', item.port),
        side: { side: 'inbound', port: item.port },
        routes: { inline: routes(item) },
        filters,
        settings,
      }),
      metadata: { filterMetadata: { lateen: origin(item.object, item.path) } },
    })),
    trafficDirection: 'INBOUND',
    metadata: { filterMetadata: { lateen: Object.assign({}, ...origins) as JsonObject } },
  });
}

const ORIGINAL_DST: JsonObject = {
  name: 'envoy.filters.listener.original_dst',
  typedConfig: typed(typeUrl('envoy.extensions.filters.listener.original_dst.v3.OriginalDst')),
};

function routes(item: InboundPort): JsonObject {
  const name = inboundCluster(item.port);
  return {
    name,
    virtualHosts: [
      {
        name: `inbound|http|${item.port}`,
        domains: ['*'],
        routes: [
          {
            name: 'default',
            match: { prefix: '/' },
            route: { cluster: name, timeout: '0s', retryPolicy: INBOUND_RETRY_POLICY },
            metadata: provenance(item.object, item.path),
          },
        ],
      },
    ],
    validateClusters: false,
  };
}
