import { isJsonObject, type Json, type JsonObject } from '@lateen/sdk/base/json';

export interface Rows {
  readonly head: readonly string[];
  readonly body: readonly (readonly string[])[];
}

type Resources = Readonly<Record<string, JsonObject>>;

/** `outbound|9080|v1|reviews.default.svc.cluster.local` taken apart, as istioctl shows it. */
export function clusterRows(resources: Resources): Rows {
  const body = Object.entries(resources).map(([name, cluster]) => {
    const [direction = '-', port = '-', subset = '', host = ''] = name.split('|');
    const istio = name.includes('|');
    return [
      istio && host !== '' ? host : name,
      istio ? port : '-',
      subset === '' ? '-' : subset,
      istio ? direction : '-',
      text(cluster['type']) || text(object(cluster['clusterType'])['name']) || 'STATIC',
      source(cluster),
    ];
  });
  return { head: ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'FROM'], body };
}

export function endpointRows(resources: Resources): Rows {
  const body = Object.entries(resources).flatMap(([name, assignment]) =>
    objects(assignment['endpoints']).flatMap((locality) =>
      objects(locality['lbEndpoints']).map((endpoint) => [
        address(object(endpoint['endpoint'])['address']),
        text(endpoint['healthStatus']) || 'UNKNOWN',
        name,
      ]),
    ),
  );
  return { head: ['ENDPOINT', 'STATUS', 'CLUSTER'], body };
}

export function listenerRows(resources: Resources): Rows {
  const body = Object.entries(resources).flatMap(([name, listener]) => {
    const chains = objects(listener['filterChains']);
    return chains.map((chain) => [
      name,
      address(listener['address']),
      filtersOf(chain).join(' › '),
    ]);
  });
  return { head: ['LISTENER', 'ADDRESS', 'FILTERS'], body };
}

export function routeRows(resources: Resources): Rows {
  const body = Object.entries(resources).flatMap(([name, config]) =>
    objects(config['virtualHosts']).flatMap((host) =>
      objects(host['routes']).map((route) => [
        name,
        text(host['name']),
        matchOf(object(route['match'])),
        targetOf(route),
        source(route),
      ]),
    ),
  );
  return { head: ['ROUTE', 'VIRTUAL HOST', 'MATCH', 'TO', 'FROM'], body };
}

export function extensionRows(resources: Resources): Rows {
  const body = Object.entries(resources).map(([name, extension]) => {
    const plugin = object(object(extension['typedConfig'])['config']);
    const code = object(object(plugin['vmConfig'])['code']);
    const remote = object(code['remote']);
    const uri = text(object(remote['httpUri'])['uri']);
    return [name, uri || Object.keys(code).join(), text(remote['sha256']).slice(0, 12)];
  });
  return { head: ['EXTENSION', 'MODULE', 'SHA256'], body };
}

/** Names of the HTTP filters of a chain, else of its network filters. */
export function filtersOf(chain: JsonObject): readonly string[] {
  return objects(chain['filters']).flatMap((filter) => {
    const http = objects(object(filter['typedConfig'])['httpFilters']);
    return http.length === 0
      ? [text(filter['name'])]
      : http.map((each) => text(each['name']).replace('envoy.filters.http.', ''));
  });
}

function matchOf(match: JsonObject): string {
  const [kind] = ['prefix', 'path', 'pathSeparatedPrefix'].filter((each) => each in match);
  const regex = text(object(match['safeRegex'])['regex']);
  const path =
    kind === undefined ? `~ ${regex}` : `${text(match[kind])}${kind === 'path' ? '' : '*'}`;
  const more = objects(match['headers']).map((header) => text(header['name']));
  return more.length === 0 ? path : `${path} [${more.join(', ')}]`;
}

function targetOf(route: JsonObject): string {
  const action = object(route['route']);
  const weighted = objects(object(action['weightedClusters'])['clusters']);
  if (weighted.length > 0) {
    return weighted.map((each) => `${each['weight'] ?? 0} ${text(each['name'])}`).join(', ');
  }
  if ('cluster' in action) return text(action['cluster']);
  if ('redirect' in route) return 'redirect';
  const direct = object(route['directResponse']);
  return 'directResponse' in route ? `answer ${direct['status']}` : '-';
}

function source(resource: JsonObject): string {
  const metadata = object(object(resource['metadata'])['filterMetadata']);
  const at = text(object(metadata['lateen'])['source']);
  const config = text(object(metadata['istio'])['config']).split('/').slice(-2).join('/');
  return [config, at].filter((part) => part !== '').join(' ') || '-';
}

function address(value: Json | undefined): string {
  const socket = object(object(value)['socketAddress']);
  return 'address' in socket ? `${text(socket['address'])}:${socket['portValue'] ?? 0}` : '-';
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function object(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
