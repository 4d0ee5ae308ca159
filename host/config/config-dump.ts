import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import { formatProblem } from '@lateen/sdk/base/problem';
import { HTTP_CONNECTION_MANAGER } from '@lateen/sdk/xds/type-urls';
import type { Bootstrap } from './bootstrap.ts';
import type { Configuration } from './configuration.ts';
import type { ActiveResource, ResourceType, VersionedResource } from './resources.ts';
import type { RefusedVersion } from './snapshot-state.ts';

const ADMIN = 'type.googleapis.com/envoy.admin.v3.';

/**
 * The sections of Envoy's `/config_dump` (messages of envoy.admin.v3) as canonical JSON, secrets
 * and all: the admin redacts them.
 */
export function dumpConfiguration(
  bootstrap: Bootstrap,
  configuration: Configuration,
  startedAt: number,
): readonly JsonObject[] {
  const started = timestamp(startedAt);
  return [
    {
      '@type': `${ADMIN}BootstrapConfigDump`,
      bootstrap: untyped(bootstrap.json),
      lastUpdated: started,
    },
    clustersDump(configuration),
    endpointsDump(configuration),
    extensionsDump(configuration),
    listenersDump(configuration),
    routesDump(configuration),
    secretsDump(bootstrap, started),
  ];
}

function clustersDump(configuration: Configuration): JsonObject {
  const { store } = configuration;
  const { fixed, dynamic } = split(configuration, 'clusters');
  const refused = store.refused('clusters');
  return {
    '@type': `${ADMIN}ClustersConfigDump`,
    versionInfo: commonVersion(dynamic),
    staticClusters: fixed.map(([, { json, since }]) => dated({ cluster: json }, since)),
    dynamicActiveClusters: dynamic.map(([name, { json, version, since }]) => ({
      ...dated({ versionInfo: version, cluster: json }, since),
      ...errorState(refused.get(name), 'ACKED'),
    })),
    dynamicWarmingClusters: [...store.warming('clusters').values()].map(({ json, version }) => ({
      versionInfo: version,
      cluster: json,
    })),
  };
}

function endpointsDump({ store }: Configuration): JsonObject {
  return {
    '@type': `${ADMIN}EndpointsConfigDump`,
    dynamicEndpointConfigs: [...store.active('assignments').values()].map((resource) =>
      dated({ versionInfo: resource.version, endpointConfig: resource.json }, resource.since),
    ),
  };
}

function extensionsDump({ store }: Configuration): JsonObject {
  return {
    '@type': `${ADMIN}EcdsConfigDump`,
    ecdsFilters: [...store.active('extensions')].map(([name, { json, version, since }]) => ({
      ...dated({ versionInfo: version, ecdsFilter: json }, since),
      ...errorState(store.refused('extensions').get(name), 'ACKED'),
    })),
  };
}

function listenersDump(configuration: Configuration): JsonObject {
  const { store } = configuration;
  const { fixed, dynamic } = split(configuration, 'listeners');
  const names = new Set([
    ...dynamic.map(([name]) => name),
    ...[...store.warming('listeners').keys()].filter(
      (n) => !configuration.isStatic('listeners', n),
    ),
    ...store.refused('listeners').keys(),
  ]);
  const active = new Map(dynamic);
  return {
    '@type': `${ADMIN}ListenersConfigDump`,
    versionInfo: commonVersion(dynamic),
    staticListeners: fixed.map(([, { json, since }]) => dated({ listener: json }, since)),
    dynamicListeners: [...names].map((name) => ({
      name,
      ...listenerState('activeState', active.get(name)),
      ...listenerState('warmingState', store.warming('listeners').get(name)),
      ...errorState(store.refused('listeners').get(name), 'ACKED'),
    })),
  };
}

function listenerState(
  field: 'activeState' | 'warmingState',
  resource: VersionedResource | ActiveResource | undefined,
): JsonObject {
  if (resource === undefined) return {};
  const state = { versionInfo: resource.version, listener: resource.json };
  return { [field]: 'since' in resource ? dated(state, resource.since) : state };
}

function routesDump({ store }: Configuration): JsonObject {
  return {
    '@type': `${ADMIN}RoutesConfigDump`,
    staticRouteConfigs: [...store.active('listeners').values()].flatMap(({ json, since }) =>
      inlineRoutes(json).map((routeConfig) => dated({ routeConfig }, since)),
    ),
    dynamicRouteConfigs: [...store.active('routes')].map(([name, { json, version, since }]) => ({
      ...dated({ versionInfo: version, routeConfig: json }, since),
      ...errorState(store.refused('routes').get(name), 'ACKED'),
    })),
  };
}

function inlineRoutes(listener: JsonObject): readonly JsonObject[] {
  const found: JsonObject[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    if (!isJsonObject(value)) return;
    const inline = value['@type'] === HTTP_CONNECTION_MANAGER ? value['routeConfig'] : undefined;
    const type = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
    if (isJsonObject(inline)) found.push({ '@type': type, ...inline });
    else for (const field of Object.values(value)) visit(field);
  };
  visit([listener['filterChains'], listener['defaultFilterChain']]);
  return found;
}

function secretsDump(bootstrap: Bootstrap, lastUpdated: string): JsonObject {
  const staticSecrets = [...bootstrap.secrets].map(([name, secret]) => {
    return { name, lastUpdated, secret };
  });
  return { '@type': `${ADMIN}SecretsConfigDump`, staticSecrets };
}

type Entry = readonly [name: string, resource: ActiveResource];

function split(
  configuration: Configuration,
  type: ResourceType,
): { readonly fixed: readonly Entry[]; readonly dynamic: readonly Entry[] } {
  const entries = [...configuration.store.active(type)];
  return {
    fixed: entries.filter(([name]) => configuration.isStatic(type, name)),
    dynamic: entries.filter(([name]) => !configuration.isStatic(type, name)),
  };
}

/** The version that state-of-the-world resources share; empty where they have their own. */
function commonVersion(entries: readonly Entry[]): string {
  const versions = new Set(entries.map(([, { version }]) => version));
  return versions.size === 1 ? [...versions][0]! : '';
}

function errorState(refused: RefusedVersion | undefined, clientStatus: string): JsonObject {
  if (refused === undefined) return { clientStatus };
  return {
    clientStatus: 'NACKED',
    errorState: {
      failedConfiguration: refused.json,
      lastUpdateAttempt: timestamp(refused.at),
      details: refused.problems.map(formatProblem).join('\n'),
      versionInfo: refused.version,
    },
  };
}

function dated(fields: JsonObject, since: number): JsonObject {
  return { ...fields, lastUpdated: timestamp(since) };
}

function timestamp(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

function untyped(json: JsonObject): JsonObject {
  const { '@type': _type, ...rest } = json;
  return rest;
}
