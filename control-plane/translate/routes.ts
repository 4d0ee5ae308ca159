import type { JsonObject } from '@lateen/sdk/base/json';
import type { HttpMatch, HttpRoute } from '../api/virtual-service.ts';
import type { Mesh, MeshService } from '../mesh/mesh.ts';
import type { BoundVirtualService } from '../mesh/virtual-services.ts';
import { faultConfig } from './fault.ts';
import { compact } from './json.ts';
import { provenance } from './provenance.ts';
import { routeAction } from './route-action.ts';
import { concernsClient, type RouteClient, routeMatch } from './route-match.ts';

/** The filter's name, under which a route keeps its own fault. */
export const FAULT_FILTER = 'envoy.filters.http.fault';

/** The routes of a VirtualService for one client: one for each match of each rule, in order. */
export function routesOf(
  service: BoundVirtualService,
  mesh: Mesh,
  client: RouteClient,
): readonly JsonObject[] {
  const rules = service.object.spec.http ?? [];
  const routes: JsonObject[] = [];
  for (const [index, rule] of rules.entries()) {
    const matches = rule.match ?? [];
    if (matches.length === 0) {
      routes.push(routeFor({ service, mesh, client, rule, index, match: undefined, position: 0 }));
    }
    for (const [position, match] of matches.entries()) {
      if (!concernsClient(match, service.object.metadata.namespace, client)) continue;
      routes.push(routeFor({ service, mesh, client, rule, index, match, position }));
    }
  }
  return routes;
}

interface RouteInput {
  readonly service: BoundVirtualService;
  readonly mesh: Mesh;
  readonly client: RouteClient;
  readonly rule: HttpRoute;
  readonly index: number;
  readonly match: HttpMatch | undefined;
  readonly position: number;
}

function routeFor(input: RouteInput): JsonObject {
  const { service, mesh, client, rule, index, match, position } = input;
  const { object } = service;
  const home = object.metadata.namespace;
  const rulePath = ['spec', 'http', index];
  const place = match === undefined ? rulePath : [...rulePath, 'match', position];
  const name = [rule.name, match?.name].filter((part) => part !== undefined && part !== '');
  return compact({
    name: name.length === 0 ? undefined : name.join('.'),
    match: routeMatch(match),
    ...routeAction(rule, { mesh, client, home }),
    metadata: provenance(object, place),
    typedPerFilterConfig:
      rule.fault === undefined ? undefined : { [FAULT_FILTER]: faultConfig(rule.fault) },
  });
}

/** The route of a service that no VirtualService speaks of. */
export function defaultRoute(mesh: Mesh, service: MeshService, client: RouteClient): JsonObject {
  const destination = { host: service.hostname, port: { number: client.port } };
  return {
    name: 'default',
    match: routeMatch(undefined),
    ...routeAction({ route: [{ destination }] }, { mesh, client, home: client.namespace }),
    metadata: provenance(service.object),
  };
}

/** Whether a route takes every request; merged hosts keep such routes at the end. */
export function takesAll(route: JsonObject): boolean {
  const match = JSON.stringify(route['match']);
  return match === '{"prefix":"/"}' || match === '{"safeRegex":{"regex":".*"}}';
}
