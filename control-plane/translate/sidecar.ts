import type { JsonObject } from '@lateen/sdk/base/json';
import { ROUTE_CONFIGURATION } from '@lateen/sdk/xds/type-urls';
import type { Mesh } from '../mesh/mesh.ts';
import { findSidecar, scopeOf, visibleServices } from '../mesh/sidecar-scope.ts';
import { httpListener } from './connection-manager.ts';
import type { FilterInput } from './http-filters.ts';
import { addInbound } from './inbound.ts';
import { typed } from './json.ts';
import { HTTP_PROXY_ROUTE, listenerName } from './names.ts';
import type { ProxyNode } from './node.ts';
import { addOutboundClusters } from './outbound-clusters.ts';
import { outboundVirtualHosts } from './outbound-hosts.ts';
import { origin } from './provenance.ts';
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
  addInbound({ node, mesh, sidecar, filters, explicit: proxyPort(node, mesh) > 0 }, into);
}

/** The port of the explicit HTTP proxy: the node's own wish first. 0: none. */
function proxyPort(node: ProxyNode, mesh: Mesh): number {
  return node.httpProxyPort > 0 ? node.httpProxyPort : mesh.settings.proxyHttpPort;
}

/** The explicit HTTP proxy: applications send it whole URLs, as to any forward proxy. */
function addHttpProxy(
  input: Parameters<typeof outboundVirtualHosts>[0],
  filters: FilterInput,
  into: ResourceMaps,
): void {
  const { settings } = input.mesh;
  const port = proxyPort(input.node, input.mesh);
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
