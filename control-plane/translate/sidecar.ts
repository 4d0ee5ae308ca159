import type { JsonObject } from '@lateen/sdk/base/json';
import { CLUSTER, ROUTE_CONFIGURATION } from '@lateen/sdk/xds/type-urls';
import type { TypedObject } from '../api/object.ts';
import type { SidecarIngress } from '../api/sidecar.ts';
import { selects } from '../mesh/hosts.ts';
import type { Mesh, MeshService } from '../mesh/mesh.ts';
import { findSidecar, scopeOf, visibleServices } from '../mesh/sidecar-scope.ts';
import { clusterPolicy } from './cluster-policy.ts';
import { httpListener } from './connection-manager.ts';
import type { FilterInput } from './http-filters.ts';
import { socketAddress, typed } from './json.ts';
import { HTTP_PROXY_ROUTE, inboundCluster, listenerName } from './names.ts';
import type { ProxyNode } from './node.ts';
import { addOutboundClusters } from './outbound-clusters.ts';
import { outboundVirtualHosts } from './outbound-hosts.ts';
import { origin, provenance } from './provenance.ts';
import { INBOUND_RETRY_POLICY } from './retry-policy.ts';
import type { ResourceMaps } from './snapshot.ts';

/** The two sides of a sidecar: what comes to its workload, and what its workload sends out. */
export function addSidecar(
  node: ProxyNode,
  mesh: Mesh,
  filters: FilterInput,
  into: ResourceMaps,
): void {
  const sidecar = findSidecar(mesh.of('Sidecar'), node, mesh.settings.rootNamespace);
  const scope = scopeOf(sidecar, node, mesh.settings);
  const services = visibleServices(mesh.services, node, scope);
  addOutboundClusters(mesh, services, node.namespace, into);
  addHttpProxy({ node, mesh, scope, services }, filters, into);
  for (const [index, ingress] of (sidecar?.spec.ingress ?? []).entries()) {
    addIngress({ node, mesh, sidecar: sidecar!, ingress, index, filters }, into);
  }
}

/** The explicit HTTP proxy: applications send it whole URLs, as to any forward proxy. */
function addHttpProxy(
  input: Parameters<typeof outboundVirtualHosts>[0],
  filters: FilterInput,
  into: ResourceMaps,
): void {
  const { settings } = input.mesh;
  const port = input.node.httpProxyPort > 0 ? input.node.httpProxyPort : settings.proxyHttpPort;
  if (port === 0) return;
  const address = '127.0.0.1';
  const name = listenerName(address, port);
  const side = { side: 'outbound', port: undefined } as const;
  into.routes.set(
    HTTP_PROXY_ROUTE,
    typed(ROUTE_CONFIGURATION, {
      name: HTTP_PROXY_ROUTE,
      virtualHosts: [...outboundVirtualHosts(input), BLOCK_ALL],
      validateClusters: false,
    }),
  );
  into.listeners.set(
    name,
    httpListener({
      name,
      address,
      port,
      side,
      routes: { rds: HTTP_PROXY_ROUTE },
      filters,
      settings,
      origin: settings.object === undefined ? {} : origin(settings.object),
    }),
  );
}

/**
 * For every other host. Under ALLOW_ANY Istio passes such requests on to where the connection was
 * meant to go; a request to an explicit proxy was meant for nowhere else, so it is refused.
 */
const BLOCK_ALL: JsonObject = {
  name: 'block_all',
  domains: ['*'],
  routes: [{ name: 'block_all', match: { prefix: '/' }, directResponse: { status: 502 } }],
};

interface IngressInput {
  readonly node: ProxyNode;
  readonly mesh: Mesh;
  readonly sidecar: TypedObject<'Sidecar'>;
  readonly ingress: SidecarIngress;
  readonly index: number;
  readonly filters: FilterInput;
}

/** One explicit inbound port of a Sidecar: what arrives is handed to the application. */
function addIngress(input: IngressInput, into: ResourceMaps): void {
  const { node, mesh, sidecar, ingress, index, filters } = input;
  const port = ingress.port.number;
  const address =
    ingress.bind === undefined || ingress.bind === '' ? node.ip || '0.0.0.0' : ingress.bind;
  const place = ['spec', 'ingress', index];
  const cluster = inboundCluster(port);
  const name = listenerName(address, port);
  const target = endpointOf(ingress, node);
  const services = servicesBehind(node, mesh, port);
  const pool = ingress.connectionPool ?? sidecar.spec.inboundConnectionPool;
  into.clusters.set(
    cluster,
    typed(CLUSTER, {
      name: cluster,
      type: 'STATIC',
      ...clusterPolicy({ connectionPool: pool }, mesh.settings.connectTimeoutMs),
      lbPolicy: 'ROUND_ROBIN',
      loadAssignment: {
        clusterName: cluster,
        endpoints: [
          { lbEndpoints: [{ endpoint: { address: socketAddress(target.host, target.port) } }] },
        ],
      },
      metadata: {
        filterMetadata: {
          istio: {
            services: services.map(({ hostname: host, name: short, namespace }) => ({
              host,
              name: short,
              namespace,
            })),
          },
          lateen: origin(sidecar, place),
        },
      },
    }),
  );
  into.listeners.set(
    name,
    httpListener({
      name,
      address,
      port,
      side: { side: 'inbound', port },
      routes: { inline: inboundRoutes(cluster, port, provenance(sidecar, place)) },
      filters,
      settings: mesh.settings,
      origin: origin(sidecar, place),
    }),
  );
}

function inboundRoutes(cluster: string, port: number, metadata: JsonObject): JsonObject {
  return {
    name: cluster,
    virtualHosts: [
      {
        name: `inbound|http|${port}`,
        domains: ['*'],
        routes: [
          {
            name: 'default',
            match: { prefix: '/' },
            route: { cluster, timeout: '0s', retryPolicy: INBOUND_RETRY_POLICY },
            metadata,
          },
        ],
      },
    ],
    validateClusters: false,
  };
}

/** `127.0.0.1:8080`; `0.0.0.0:8080` means the workload's own address. */
function endpointOf(ingress: SidecarIngress, node: ProxyNode): { host: string; port: number } {
  const given = ingress.defaultEndpoint ?? `127.0.0.1:${ingress.port.number}`;
  const colon = given.lastIndexOf(':');
  const host = given.slice(0, colon).replaceAll(/[[\]]/g, '');
  const port = Number(given.slice(colon + 1));
  const own = host === '0.0.0.0' || host === '::' || host === '';
  return { host: own ? node.ip || '127.0.0.1' : host, port };
}

/** The services that a workload serves on a port of its own: by its address, or by its labels. */
function servicesBehind(node: ProxyNode, mesh: Mesh, port: number): readonly MeshService[] {
  return mesh.services.filter((service) => {
    if (service.namespace !== node.namespace) return false;
    const here = service.endpoints.some(
      (endpoint) => endpoint.address === node.ip && [...endpoint.ports.values()].includes(port),
    );
    const selected =
      Object.keys(service.selector).length > 0 && selects(service.selector, node.labels);
    return here || selected;
  });
}
