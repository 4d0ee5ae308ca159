import { systemClock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import { openRegistry } from '@lateen/sdk/xds/registry';
import { beforeAll, expect, test } from 'vitest';
import { compileModuleSource } from '../../test/kit/assembly.ts';
import { PluginPool } from '../filter/plugin-pool.ts';
import { runAtOnce } from '../observe/steps.ts';
import { MemoryMetrics, MemorySinks } from '../testing/memory-services.ts';
import { DEFAULT_MODULE_LIMITS } from '../wasm/limits.ts';
import { type CompiledModule, compileModule } from '../wasm/module.ts';
import { createRegexes } from '../wasm/regexes.ts';
import { createLocalStore } from '../wasm/shared/shared-store.ts';
import { ModuleCatalog } from './catalog.ts';
import type { ChangeMessage } from './messages.ts';
import { Resolver } from './resolver.ts';
import { Runtime } from './runtime.ts';

const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
const ROUTES = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
const HCM =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** A router that refuses configurations that hold the word "refuse". */
const SOURCE = `
@external("env", "proxy_get_buffer_bytes")
declare function get(t: i32, s: i32, n: i32, d: usize, z: usize): i32;
const OUT: usize = memory.data(8, 8);
export function lateen_on_config(root: i32, id: i32, size: i32): i32 {
  get(7, 0, size, OUT, OUT + 4);
  const at = load<u32>(OUT) as usize;
  for (let i = 0; i + 6 <= size; i++) {
    if (load<u32>(at + i) == 0x75666572 && load<u16>(at + i, 4) == 0x6573) return 0;
  }
  return 1;
}
export function lateen_on_route(context: i32, config: i32): i32 { return 0; }
`;

const registry = openRegistry();
let compiled: CompiledModule;

beforeAll(async () => {
  const bytes = await compileModuleSource(SOURCE);
  const limits = DEFAULT_MODULE_LIMITS;
  const result = await compileModule({ name: 'router', bytes, trusted: true, limits });
  if (!result.ok) throw new Error(result.error.message);
  compiled = result.value;
});

function openParts() {
  const pool = new PluginPool({
    clock: systemClock,
    random: () => 0,
    log: silentLog,
    callouts: { start: () => ({ cancel: () => {} }) },
    metrics: new MemoryMetrics(),
    sharedData: createLocalStore({ now: systemClock.now, defer: setImmediate }),
    sinks: new MemorySinks(),
    regexes: createRegexes(),
  });
  const catalog = new ModuleCatalog([{ compiled, serves: [ROUTER, ROUTES], watches: false }]);
  const resolver = new Resolver({
    catalog,
    descriptors: registry.types,
    resolveWasm: () => Promise.reject(new Error('no module is fetched here')),
    extension: () => undefined,
  });
  return { pool, resolver, runtime: new Runtime(pool, systemClock) };
}

function listener(name: string, chains: readonly string[] = ['a']): JsonObject {
  return {
    name,
    address: { socketAddress: { address: '127.0.0.1', portValue: 8080 } },
    filterChains: chains.map((chain, index) => ({
      name: chain,
      filterChainMatch: { destinationPort: index + 1 },
      filters: [
        {
          name: 'hcm',
          typedConfig: {
            '@type': HCM,
            statPrefix: chain,
            rds: { routeConfigName: 'routes', configSource: { ads: {} } },
            httpFilters: [{ name: 'router', typedConfig: { '@type': ROUTER } }],
          },
        },
      ],
    })),
  };
}

const routes = (host: string): JsonObject => ({
  name: 'routes',
  virtualHosts: [{ name: host, domains: ['*'], routes: [] }],
});

type Parts = ReturnType<typeof openParts>;

async function change(
  parts: Parts,
  what: { readonly listeners?: readonly JsonObject[]; readonly routes?: readonly JsonObject[] },
): Promise<ChangeMessage> {
  const listeners = [];
  for (const json of what.listeners ?? []) {
    const resolved = await parts.resolver.listener(json);
    if (!resolved.ok) throw new Error(resolved.error[0].message);
    listeners.push(resolved.value);
  }
  const resolvedRoutes = (what.routes ?? []).map((json) => {
    const resolved = parts.resolver.routes(json);
    if (!resolved.ok) throw new Error(resolved.error[0].message);
    return resolved.value;
  });
  return {
    modules: [compiled],
    listeners,
    removedListeners: [],
    routes: resolvedRoutes,
    removedRoutes: [],
    clusters: [],
    removedClusters: [],
    assignments: [],
  };
}

function commit(parts: Parts, message: ChangeMessage) {
  const prepared = runAtOnce(parts.runtime.prepare(message));
  if (!prepared.ok) throw new Error(prepared.error[0].message);
  return parts.runtime.commit(prepared.value);
}

const current = (parts: Parts, chain = 'a') =>
  parts.runtime.listeners.get('l')?.services.get(chain)?.current;

test('a listener serves with the routes that it names', async () => {
  const parts = openParts();
  const message = await change(parts, { listeners: [listener('l')], routes: [routes('one')] });
  const { opened } = commit(parts, message);
  expect(opened.map((live) => live.message.name)).toEqual(['l']);
  expect(current(parts)?.routes.virtualHosts.map((host) => host.name)).toEqual(['one']);
});

test('new routes reach the listeners that use them, with the same plugin', async () => {
  const parts = openParts();
  commit(parts, await change(parts, { listeners: [listener('l')], routes: [routes('one')] }));
  const before = current(parts)?.chain.plugins[0];
  const { changed } = commit(parts, await change(parts, { routes: [routes('two')] }));
  expect(changed.length).toBe(1);
  expect(current(parts)?.routes.virtualHosts.map((host) => host.name)).toEqual(['two']);
  expect(current(parts)?.chain.plugins[0]).toBe(before);
});

test('a module that refuses its configuration leaves everything as it was', async () => {
  const parts = openParts();
  commit(parts, await change(parts, { listeners: [listener('l')], routes: [routes('one')] }));
  const before = current(parts);
  const refused = runAtOnce(
    parts.runtime.prepare(await change(parts, { routes: [routes('refuse')] })),
  );
  expect(refused.ok).toBe(false);
  expect(current(parts)).toBe(before);
  expect([...parts.pool.plugins].length).toBe(1);
});

test('a change that is discarded leaves no plugin behind', async () => {
  const parts = openParts();
  const message = await change(parts, { listeners: [listener('l')], routes: [routes('one')] });
  const prepared = runAtOnce(parts.runtime.prepare(message));
  if (prepared.ok) parts.runtime.discard(prepared.value);
  expect([...parts.pool.plugins].length).toBe(0);
  expect(parts.runtime.listeners.size).toBe(0);
});

test('a chain keeps its service while its neighbours come and go', async () => {
  const parts = openParts();
  const first = await change(parts, {
    listeners: [listener('l', ['a', 'b'])],
    routes: [routes('one')],
  });
  commit(parts, first);
  const a = parts.runtime.listeners.get('l')?.services.get('a');
  commit(parts, await change(parts, { listeners: [listener('l', ['c', 'a'])] }));
  expect(parts.runtime.listeners.get('l')?.services.get('a')).toBe(a);
  expect([...(parts.runtime.listeners.get('l')?.services.keys() ?? [])].sort()).toEqual(['a', 'c']);
});

test('removing the last listener closes its plugins', async () => {
  const parts = openParts();
  commit(parts, await change(parts, { listeners: [listener('l')], routes: [routes('one')] }));
  const nothing = await change(parts, {});
  const { closed } = commit(parts, { ...nothing, removedListeners: ['l'] });
  for (const live of closed) for (const service of live.services.values()) service.close();
  expect([...parts.pool.plugins].length).toBe(0);
});
