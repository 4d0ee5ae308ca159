import { isJsonObject, type Json, type JsonObject } from '@lateen/sdk/base/json';
import { parseDurationMs } from '@lateen/sdk/base/json-reader';
import { HTTP_CONNECTION_MANAGER } from '@lateen/sdk/xds/type-urls';

/** A resource that another one needs before it can serve. */
export interface Reference {
  readonly name: string;
  /** How long to wait for it: then it counts as absent. Infinity = for ever. */
  readonly timeoutMs: number;
}

const FETCH_TIMEOUT_MS = 15_000;

/** The assignment that an EDS cluster needs; null for every other cluster. */
export function assignmentOf(cluster: JsonObject): Reference | null {
  const eds = cluster['edsClusterConfig'];
  if (cluster['type'] !== 'EDS' || !isJsonObject(eds)) return null;
  const name = eds['serviceName'] || cluster['name'];
  return { name: String(name), timeoutMs: fetchTimeout(eds['edsConfig']) };
}

/** The route configurations that the listener's connection managers name. */
export function routesOf(listener: JsonObject): readonly Reference[] {
  return httpManagers(listener).flatMap((hcm) => {
    const { rds } = hcm;
    if (!isJsonObject(rds)) return [];
    const timeoutMs = fetchTimeout(rds['configSource']);
    return [{ name: String(rds['routeConfigName'] ?? ''), timeoutMs }];
  });
}

/** The extension configurations (ECDS) that its HTTP filters name, and that it has to wait for. */
export function extensionsOf(listener: JsonObject): readonly Reference[] {
  return httpManagers(listener).flatMap((hcm) => {
    const filters = hcm['httpFilters'];
    if (!Array.isArray(filters)) return [];
    return filters.filter(isJsonObject).flatMap((filter) => {
      const discovery = filter['configDiscovery'];
      if (!isJsonObject(discovery)) return [];
      const withDefault = discovery['applyDefaultConfigWithoutWarming'] === true;
      const timeoutMs = withDefault ? 0 : fetchTimeout(discovery['configSource']);
      return [{ name: String(filter['name'] ?? ''), timeoutMs }];
    });
  });
}

/**
 * Says which sources of the resource's parts are none that we can ask, by field; waiting for them
 * would only end in a time-out.
 */
export function unsupportedSources(resource: JsonObject): readonly string[] {
  const eds = resource['edsClusterConfig'];
  const places: (readonly [field: string, source: Json | undefined])[] = [];
  if (resource['type'] === 'EDS' && isJsonObject(eds)) {
    places.push(['eds_cluster_config.eds_config', eds['edsConfig']]);
  }
  for (const { rds, httpFilters } of httpManagers(resource)) {
    if (isJsonObject(rds)) places.push(['rds.config_source', rds['configSource']]);
    for (const filter of Array.isArray(httpFilters) ? httpFilters : []) {
      const discovery = isJsonObject(filter) ? filter['configDiscovery'] : undefined;
      if (!isJsonObject(discovery)) continue;
      places.push(['http_filters.config_discovery.config_source', discovery['configSource']]);
    }
  }
  return places.filter(([, source]) => !isAggregated(source)).map(([field]) => field);
}

function isAggregated(source: Json | undefined): boolean {
  return isJsonObject(source) && (source['ads'] !== undefined || source['self'] !== undefined);
}

function httpManagers(listener: JsonObject): readonly JsonObject[] {
  const { filterChains, defaultFilterChain } = listener;
  const chains = Array.isArray(filterChains) ? filterChains : [];
  return [...chains, defaultFilterChain].filter(isJsonObject).flatMap((chain) => {
    const filters: Json | undefined = chain['filters'];
    if (!Array.isArray(filters)) return [];
    return filters
      .filter(isJsonObject)
      .map((filter) => filter['typedConfig'])
      .filter(isJsonObject)
      .filter((config) => config['@type'] === HTTP_CONNECTION_MANAGER);
  });
}

/** `initial_fetch_timeout` of a ConfigSource: 15 s where it is not set, 0 = for ever. */
function fetchTimeout(source: Json | undefined): number {
  const given = isJsonObject(source) ? source['initialFetchTimeout'] : undefined;
  if (typeof given !== 'string') return FETCH_TIMEOUT_MS;
  const ms = parseDurationMs(given) ?? FETCH_TIMEOUT_MS;
  return ms === 0 ? Number.POSITIVE_INFINITY : ms;
}
