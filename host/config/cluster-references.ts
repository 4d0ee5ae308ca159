import type { JsonReader } from '@lateen/sdk/base/json-reader';
import { suggest } from '@lateen/sdk/base/suggest';
import { HTTP_CONNECTION_MANAGER } from '@lateen/sdk/xds/type-urls';

/**
 * Routes that stand in the file lead to clusters that stand in the file, unless they say
 * `validate_clusters: false` (Envoy's rule for inline routes): a misspelt name should not wait for
 * its first request.
 */
export function checkClusterNames(statics: JsonReader, known: ReadonlySet<string>): void {
  for (const listener of statics.objects('listeners')) {
    const chains = [...listener.objects('filterChains'), listener.object('defaultFilterChain')];
    for (const filter of chains.flatMap((chain) => chain.objects('filters'))) {
      const manager = filter.object('typedConfig');
      if (manager.raw('@type') !== HTTP_CONNECTION_MANAGER) continue;
      checkRoutes(manager.object('routeConfig'), known);
    }
  }
}

function checkRoutes(routes: JsonReader, known: ReadonlySet<string>): void {
  if (routes.raw('validateClusters') === false) return;
  const hosts = routes.objects('virtualHosts');
  for (const route of hosts.flatMap((host) => host.objects('routes'))) {
    const action = route.object('route');
    checkName(action, 'cluster', known);
    const weighted = action.object('weightedClusters').objects('clusters');
    for (const cluster of weighted) checkName(cluster, 'name', known);
  }
}

function checkName(reader: JsonReader, field: string, known: ReadonlySet<string>): void {
  const name = reader.string(field);
  if (name === '' || known.has(name)) return;
  const near = suggest(name, known);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  reader.problem('error', 'LAT0201', `there is no cluster ${name}${hint}`, field);
}
