import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { isJsonObject } from '@lateen/sdk/base/json';

/**
 * A RouteConfiguration as data: what stands at the indexes that the router module answers with.
 * Nothing here understands a match.
 */
export interface RouteTable {
  readonly name: string;
  /** The id under which the router's VM holds this configuration. */
  readonly configId: number;
  readonly virtualHosts: readonly VirtualHostEntry[];
}

export interface VirtualHostEntry {
  readonly name: string;
  readonly metadata: JsonObject;
  readonly routes: readonly RouteEntry[];
}

export interface RouteEntry {
  readonly name: string;
  readonly metadata: JsonObject;
  /** `cluster`, or the clusters of `weighted_clusters` in order; empty where there is no forward. */
  readonly clusters: readonly string[];
  readonly clusterNotFoundStatus: number;
  /** Messages that modules of the chain serve here, most specific scope only. */
  readonly scoped: readonly ScopedConfig[];
}

/** A configuration that the module at `place` of the chain has under `configId`. */
export interface ScopedConfig {
  readonly place: number;
  readonly configId: number;
}

/** What a stream holds on to once a route was selected. */
export interface SelectedRoute {
  readonly virtualHost: VirtualHostEntry;
  readonly route: RouteEntry;
  readonly clusterName: string;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number | null;
  readonly maxDurationMs: number;
}

/** Reads one route as data. `scoped` comes from the walk over served messages. */
export function routeEntry(route: JsonObject, scoped: readonly ScopedConfig[]): RouteEntry {
  const action = objectAt(route, 'route');
  return {
    name: typeof route['name'] === 'string' ? route['name'] : '',
    metadata: objectAt(objectAt(route, 'metadata'), 'filterMetadata'),
    clusters: clusterNames(action),
    clusterNotFoundStatus:
      action['clusterNotFoundResponseCode'] === 'NOT_FOUND'
        ? 404
        : action['clusterNotFoundResponseCode'] === 'INTERNAL_SERVER_ERROR'
          ? 500
          : 503,
    scoped,
  };
}

export function objectAt(object: JsonObject, name: string): JsonObject {
  const value: Json | undefined = Object.hasOwn(object, name) ? object[name] : undefined;
  return isJsonObject(value) ? value : {};
}

function clusterNames(action: JsonObject): readonly string[] {
  if (typeof action['cluster'] === 'string') return [action['cluster']];
  const weighted = objectAt(action, 'weightedClusters')['clusters'];
  if (!Array.isArray(weighted)) return [];
  return weighted.map((entry) => {
    const name = isJsonObject(entry) ? entry['name'] : '';
    return typeof name === 'string' ? name : '';
  });
}
