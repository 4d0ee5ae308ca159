import { readFile } from 'node:fs/promises';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { PluginLimits } from '@lateen/sdk/xds/plugin-limits';
import { loadManifest, modulesDirectory } from '../server/manifest.ts';
import type { UpstreamScript } from './memory-upstream.ts';
import { TestHost, TestHostError } from './test-host.ts';

export interface OpenFilterOptions {
  /** Plugin configuration; an object becomes JSON text. */
  readonly configuration?: JsonObject | string;
  readonly limits?: PluginLimits;
  /** Of a module given as bytes; that of a file is read from FILE.map. */
  readonly sourceMap?: string | undefined;
  /** Answers requests (cluster `service`) and callouts (other clusters); 200 without a body. */
  readonly upstream?: UpstreamScript;
}

/** Under this name the filter's plugin is found again: `host.plugin(FILTER)`. */
export const FILTER = 'filter';

const ROUTES: JsonObject = {
  name: 'local',
  virtualHosts: [
    { domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'service' } }] },
  ],
};

/**
 * One filter as it runs in a proxy, metered and before the router, on a stepped clock. `module` is
 * a path or the bytes; null leaves the filter out, to see what would be without it. Throws a
 * TestHostError where the module or its configuration is refused.
 */
export async function openFilter(
  module: string | Uint8Array | null,
  options: OpenFilterOptions = {},
): Promise<TestHost> {
  const bytes = typeof module === 'string' ? await readFile(module) : module;
  const sourceMap =
    typeof module === 'string'
      ? await readFile(`${module}.map`, 'utf8').catch(() => undefined)
      : options.sourceMap;
  const bundled = await loadManifest(modulesDirectory(undefined));
  if (!bundled.ok) throw new TestHostError([bundled.error]);
  const router = bundled.value.filter(({ name }) => name === 'router');
  const { configuration, limits, upstream } = options;
  const filter = {
    name: FILTER,
    module: FILTER,
    ...(configuration === undefined ? {} : { configuration }),
    ...(limits === undefined ? {} : { limits }),
  };
  return TestHost.open({
    modules: [
      ...(bytes === null ? [] : [{ name: FILTER, bytes, trusted: false, sourceMap }]),
      ...router,
    ],
    filters: [...(bytes === null ? [] : [filter]), { name: 'router', module: 'router' }],
    routes: ROUTES,
    ...(upstream === undefined ? {} : { upstream }),
  });
}
