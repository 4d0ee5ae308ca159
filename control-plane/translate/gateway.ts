import type { JsonObject } from '@lateen/sdk/base/json';
import { ROUTE_CONFIGURATION } from '@lateen/sdk/xds/type-urls';
import type { GatewayServer } from '../api/gateway.ts';
import type { TypedObject } from '../api/object.ts';
import { isPlainHttp, serverHost } from '../mesh/gateway-servers.ts';
import { bySpecificity, hostIntersection, selects } from '../mesh/hosts.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { visibleServices } from '../mesh/sidecar-scope.ts';
import { type BoundVirtualService, visibleTo } from '../mesh/virtual-services.ts';
import { httpListener } from './connection-manager.ts';
import type { FilterInput } from './http-filters.ts';
import { typed } from './json.ts';
import { listenerName } from './names.ts';
import type { ProxyNode } from './node.ts';
import { addOutboundClusters } from './outbound-clusters.ts';
import { origin, provenance } from './provenance.ts';
import type { RouteClient } from './route-match.ts';
import { routesOf, takesAll } from './routes.ts';
import type { ResourceMaps } from './snapshot.ts';

interface BoundServer {
  readonly gateway: TypedObject<'Gateway'>;
  readonly server: GatewayServer;
  readonly index: number;
}

/** A gateway proxy: a listener for each port that the Gateways selecting it open. */
export function addGateway(
  node: ProxyNode,
  mesh: Mesh,
  filters: FilterInput,
  into: ResourceMaps,
): void {
  const services = visibleServices(mesh.services, node, undefined);
  addOutboundClusters(mesh, services, node.namespace, into);
  const servers = mesh
    .of('Gateway')
    .filter((gateway) => selects(gateway.spec.selector, node.labels))
    .flatMap((gateway) =>
      (gateway.spec.servers ?? []).map((server, index) => ({ gateway, server, index })),
    )
    .filter(({ server }) => isPlainHttp(server));
  const byPort = Map.groupBy(servers, ({ server }) => server.port.number);
  for (const [port, members] of byPort) addPort({ node, mesh, filters, port, members }, into);
}

interface PortInput {
  readonly node: ProxyNode;
  readonly mesh: Mesh;
  readonly filters: FilterInput;
  /** The port in the Gateway: what clients outside call. */
  readonly port: number;
  readonly members: readonly BoundServer[];
}

function addPort(input: PortInput, into: ResourceMaps): void {
  const { node, mesh, filters, port, members } = input;
  const opened = targetPort(node, mesh, port);
  const address =
    members.find(({ server }) => (server.bind ?? '') !== '')?.server.bind ?? everywhere(node);
  const name = listenerName(address, opened);
  const routeName = `http.${opened}`;
  const [first] = members;
  into.routes.set(
    routeName,
    typed(ROUTE_CONFIGURATION, {
      name: routeName,
      virtualHosts: gatewayHosts(input),
      validateClusters: false,
      ignorePortInHostMatching: true,
    }),
  );
  into.listeners.set(
    name,
    httpListener({
      name,
      address,
      port: opened,
      side: { side: 'gateway', port },
      routes: { rds: routeName },
      filters,
      settings: mesh.settings,
      origin: first === undefined ? {} : origin(first.gateway, ['spec', 'servers', first.index]),
    }),
  );
}

/** `lateen demo` keeps its gateway on this machine by the node's own word; elsewhere as in Istio. */
function everywhere(node: ProxyNode): string {
  const given = node.metadata['LATEEN_BIND'];
  return typeof given === 'string' && given !== '' ? given : '0.0.0.0';
}

/** Where the gateway's Service sends a port: what the proxy really opens. */
function targetPort(node: ProxyNode, mesh: Mesh, port: number): number {
  for (const service of mesh.services) {
    const own = service.namespace === node.namespace;
    const named = Object.keys(service.selector).length > 0;
    if (!own || !named || !selects(service.selector, node.labels)) continue;
    const found = service.ports.find((item) => item.number === port);
    if (found === undefined) continue;
    if (typeof found.targetPort === 'number') return found.targetPort;
    const listed = service.endpoints.find((endpoint) => endpoint.ports.has(found.name));
    return listed?.ports.get(found.name) ?? port;
  }
  return port;
}

/**
 * A virtual host for each host name that the servers of a port and the VirtualServices bound to
 * them agree on. VirtualServices with the same host add up, the oldest first; what takes every
 * request stands at the end.
 */
function gatewayHosts(input: PortInput): readonly JsonObject[] {
  const { node, mesh, port, members } = input;
  const hosts = new Map<string, { routes: JsonObject[]; first: BoundVirtualService }>();
  for (const service of mesh.virtualServices) {
    if (!visibleTo(service, node.namespace)) continue;
    const names = namesFor(service, members);
    if (names.size === 0) continue;
    const client: RouteClient = {
      namespace: node.namespace,
      labels: node.labels,
      gateways: new Set(members.map(({ gateway }) => keyOf(gateway))),
      port,
    };
    const routes = routesOf(service, mesh, client);
    for (const name of names) {
      const earlier = hosts.get(name);
      if (earlier === undefined) hosts.set(name, { routes: [...routes], first: service });
      else earlier.routes.push(...routes);
    }
  }
  const redirecting = redirectHosts(members);
  const result = [...hosts]
    .sort(([a], [b]) => bySpecificity(a, b))
    .map(([name, { routes, first }]): JsonObject => {
      const ordered = [...routes.filter((route) => !takesAll(route)), ...routes.filter(takesAll)];
      return {
        name: `${name}:${port}`,
        domains: [name],
        routes: redirecting(name) ? [HTTPS_REDIRECT] : ordered,
        metadata: provenance(first.object),
        includeRequestAttemptCount: true,
      };
    });
  if (result.length > 0) return result;
  return [{ name: `blackhole:${port}`, domains: ['*'] }];
}

/** Names that a server and the VirtualService share, taken from whichever is narrower. */
function namesFor(service: BoundVirtualService, members: readonly BoundServer[]): Set<string> {
  const names = new Set<string>();
  const home = service.object.metadata.namespace;
  for (const { gateway, server } of members) {
    if (!service.gateways.has(keyOf(gateway))) continue;
    for (const entry of server.hosts) {
      const { namespace, host } = serverHost(entry, gateway.metadata.namespace);
      if (namespace !== '*' && namespace !== home) continue;
      for (const wanted of service.hosts) {
        const name = hostIntersection(host, wanted);
        if (name !== undefined) names.add(name);
      }
    }
  }
  return names;
}

const HTTPS_REDIRECT: JsonObject = {
  name: 'https_redirect',
  match: { prefix: '/' },
  redirect: { httpsRedirect: true },
};

/** Hosts of servers with `tls.httpsRedirect`: every request is sent to https. */
function redirectHosts(members: readonly BoundServer[]): (host: string) => boolean {
  const hosts = members
    .filter(({ server }) => server.tls?.httpsRedirect === true)
    .flatMap(({ gateway, server }) =>
      server.hosts.map((entry) => serverHost(entry, gateway.metadata.namespace).host),
    );
  return (host) => hosts.some((item) => hostIntersection(item, host) === host);
}

function keyOf({ metadata }: TypedObject<'Gateway'>): string {
  return `${metadata.namespace}/${metadata.name}`;
}
