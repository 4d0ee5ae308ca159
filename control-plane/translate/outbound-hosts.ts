import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { bySpecificity, hostCovers } from '../mesh/hosts.ts';
import type { Mesh, MeshService } from '../mesh/mesh.ts';
import type { SidecarScope } from '../mesh/sidecar-scope.ts';
import { type BoundVirtualService, MESH_GATEWAY, visibleTo } from '../mesh/virtual-services.ts';
import { compact } from './json.ts';
import type { ProxyNode } from './node.ts';
import { carriesHttp } from './outbound-clusters.ts';
import { provenance } from './provenance.ts';
import type { RouteClient } from './route-match.ts';
import { defaultRoute, routesOf } from './routes.ts';

/** What a sidecar's outbound routes are made from. */
export interface OutboundInput {
  readonly node: ProxyNode;
  readonly mesh: Mesh;
  readonly scope: SidecarScope;
  readonly services: readonly MeshService[];
}

/**
 * A virtual host for each service and port, and for each host that only a VirtualService names.
 * Without `onlyPort` all ports stand side by side (the HTTP proxy), told apart by `host:port`.
 */
export function outboundVirtualHosts(
  input: OutboundInput,
  onlyPort?: number,
): readonly JsonObject[] {
  const bound = input.mesh.virtualServices.filter(
    (item) => item.gateways.has(MESH_GATEWAY) && visibleTo(item, input.node.namespace),
  );
  const claimed = new Set<string>();
  const hosts: JsonObject[] = [];
  const add = (host: JsonObject | undefined): void => {
    if (host !== undefined) hosts.push(host);
  };
  for (const service of input.services) {
    for (const port of service.ports) {
      if (!carriesHttp(port) || (onlyPort !== undefined && port.number !== onlyPort)) continue;
      add(serviceHost({ input, bound, claimed, onlyPort }, service, port.number));
    }
  }
  for (const item of bound) {
    for (const host of item.hosts)
      add(foreignHost({ input, bound, claimed, onlyPort }, item, host));
  }
  return hosts;
}

interface HostContext {
  readonly input: OutboundInput;
  /** VirtualServices that bind sidecars, oldest first. */
  readonly bound: readonly BoundVirtualService[];
  /** Domains that an earlier virtual host has: Envoy refuses a domain that stands twice. */
  readonly claimed: Set<string>;
  readonly onlyPort: number | undefined;
}

function serviceHost(
  context: HostContext,
  service: MeshService,
  port: number,
): JsonObject | undefined {
  const { node, mesh } = context.input;
  const client = clientAt(node, port);
  const chosen = bestFor(context.bound, service.hostname);
  const own = chosen === undefined ? [] : routesOf(chosen, mesh, client);
  const routes = chosen === undefined ? [defaultRoute(mesh, service, client)] : own;
  const names = [...serviceNames(service, node), ...service.addresses];
  const domains = claim(context, names, port);
  if (domains.length === 0) return undefined;
  return compact({
    name: `${service.hostname}:${port}`,
    domains,
    routes,
    metadata: provenance(chosen?.object ?? service.object),
    includeRequestAttemptCount: true,
  });
}

/** A host that is no service: an invented name, or one outside the mesh. It is served on port 80. */
function foreignHost(
  context: HostContext,
  item: BoundVirtualService,
  host: string,
): JsonObject | undefined {
  const { node, mesh, scope } = context.input;
  const port = context.onlyPort ?? 80;
  const covered = context.input.services.some((service) => hostCovers(host, service.hostname));
  if (covered || port !== 80 || !scope.imports(host, item.object.metadata.namespace))
    return undefined;
  if (bestFor(context.bound, host) !== item) return undefined;
  const suffix = `.${item.object.metadata.namespace}.svc.${mesh.settings.domain}`;
  const short = host.endsWith(suffix) && item.object.metadata.namespace === node.namespace;
  const names = short ? [host, host.slice(0, -suffix.length)] : [host];
  const domains = claim(context, names, port);
  const routes = routesOf(item, mesh, clientAt(node, port));
  if (domains.length === 0 || routes.length === 0) return undefined;
  return { name: `${host}:${port}`, domains, routes, metadata: provenance(item.object) };
}

function clientAt(node: ProxyNode, port: number): RouteClient {
  return {
    namespace: node.namespace,
    labels: node.labels,
    gateways: new Set([MESH_GATEWAY]),
    port,
  };
}

/** The VirtualService with the most specific host that covers the name; among equals the oldest. */
function bestFor(
  bound: readonly BoundVirtualService[],
  hostname: string,
): BoundVirtualService | undefined {
  let best: { item: BoundVirtualService; host: string } | undefined;
  for (const item of bound) {
    for (const host of item.hosts) {
      if (!hostCovers(host, hostname)) continue;
      if (best === undefined || bySpecificity(host, best.host) < 0) best = { item, host };
    }
  }
  return best?.item;
}

/** All names under which a client may call a service: full, without suffixes, and short at home. */
function serviceNames(service: MeshService, node: ProxyNode): readonly string[] {
  const { hostname, name, namespace } = service;
  if (service.object.kind !== 'Service') return [hostname];
  const names = [hostname, `${name}.${namespace}.svc`, `${name}.${namespace}`];
  return namespace === node.namespace ? [hostname, name, ...names.slice(1)] : names;
}

/** Each name with its port, and without one where port 80 is meant. */
function claim(
  context: HostContext,
  names: readonly string[],
  port: number,
): readonly Json[] & string[] {
  const domains = names.flatMap((name) => {
    const host = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
    const bare = port === 80 || context.onlyPort !== undefined;
    return bare ? [host, `${host}:${port}`] : [`${host}:${port}`];
  });
  const free = domains.filter((domain) => !context.claimed.has(domain));
  for (const domain of free) context.claimed.add(domain);
  return free;
}
