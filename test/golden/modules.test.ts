import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestHost } from '@lateen/host/testing/test-host';
import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import { HTTP_CONNECTION_MANAGER } from '@lateen/sdk/xds/type-urls';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProxySnapshot } from '../../control-plane/translate/snapshot.ts';
import { bundledModules } from '../../filters/bundled-modules.ts';
import { runCase, splitCase } from './golden-case.ts';

const FOLDER = import.meta.dirname;
const CASES = globSync('*/*.yaml', { cwd: FOLDER }).sort();
/** Cases that a module refuses for now, and why; the list may only shrink. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  [
    'routing/without-headers.yaml',
    'the header matcher does not know treat_missing_header_as_empty by its name in the API',
  ],
]);
const MODULES = bundledModules('peer-metadata', 'fault', 'router', 'retry');

function snapshotOf(name: string, change: (input: string) => string = (input) => input) {
  const { input } = splitCase(readFileSync(join(FOLDER, name), 'utf8'));
  return runCase(change(input), name).snapshot;
}

/** Connection managers of all listeners, wherever they stand. */
function connectionManagers(value: unknown): readonly JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(connectionManagers);
  if (value instanceof Map) return [...value.values()].flatMap(connectionManagers);
  if (!isJsonObject(value)) return [];
  if (value['@type'] === HTTP_CONNECTION_MANAGER) return [value];
  return Object.values(value).flatMap(connectionManagers);
}

const open: TestHost[] = [];
afterEach(() => {
  for (const host of open.splice(0)) host.close();
});

/** The same numbers each time, spread evenly (additive recurrence by the golden ratio). */
function sequence(): () => number {
  let value = 0;
  return () => {
    value = (value + 0.618_033_988_749_894_9) % 1;
    return value;
  };
}

/** The host with the chain and the routes of one generated connection manager. */
async function serve(manager: JsonObject, snapshot: ProxySnapshot): Promise<TestHost> {
  const rds = manager['rds'];
  const routes = isJsonObject(rds)
    ? snapshot.routes.get(String(rds['routeConfigName']))
    : manager['routeConfig'];
  const filters = (manager['httpFilters'] as readonly JsonObject[]).flatMap((filter) => {
    const configuration = filter['typedConfig'];
    if (!isJsonObject(configuration)) return [];
    const module = MODULES.find((item) => item.serves.includes(String(configuration['@type'])));
    return module === undefined
      ? []
      : [{ name: String(filter['name']), module: module.name, configuration }];
  });
  const host = await TestHost.open({
    modules: MODULES,
    filters,
    routes: routes as JsonObject,
    random: sequence(),
  });
  open.push(host);
  return host;
}

async function serveCase(name: string): Promise<TestHost> {
  const snapshot = snapshotOf(name);
  const [manager] = connectionManagers(snapshot.listeners);
  return await serve(manager!, snapshot);
}

function outcome(host: TestHost, request: Parameters<TestHost['request']>[0]) {
  const before = host.upstream.attempts.length;
  const { response } = host.request(request);
  const status = response.headers.find(([name]) => name === ':status')?.[1];
  return { cluster: host.upstream.attempts[before]?.cluster, status };
}

describe('the bundled modules', () => {
  it.each(CASES.filter((name) => !REFUSED.has(name)))(
    'take everything that %s becomes',
    async (name) => {
      const snapshot = snapshotOf(name);
      for (const manager of connectionManagers(snapshot.listeners)) await serve(manager, snapshot);
    },
  );

  it("route Bookinfo's paths as Istio's users expect", async () => {
    const host = await serveCase('gateway/bookinfo.yaml');
    const cluster = 'outbound|9080||productpage.default.svc.cluster.local';
    for (const path of [
      '/productpage',
      '/productpage?u=x',
      '/static/a.css',
      '/api/v1/products/0',
    ]) {
      expect(outcome(host, { path, authority: 'any.example.com:8080' })).toMatchObject({ cluster });
    }
    for (const path of ['/', '/productpages', '/admin']) {
      expect(outcome(host, { path })).toEqual({ cluster: undefined, status: '404' });
    }
  });

  it('split by weight and by header, whatever short name is called', async () => {
    const cluster = (version: string) =>
      `outbound|9080|${version}|reviews.default.svc.cluster.local`;
    const host = await serveCase('subsets/weights.yaml');
    const names = ['reviews', 'reviews.default', 'REVIEWS.default.svc', '10.0.0.7'];
    const seen = new Map<string | undefined, number>();
    for (let count = 0; count < 1000; count++) {
      const authority = `${names[count % names.length]}:9080`;
      const chosen = outcome(host, { authority }).cluster;
      seen.set(chosen, (seen.get(chosen) ?? 0) + 1);
    }
    expect([...seen.keys()].sort()).toEqual([cluster('v1'), cluster('v2')]);
    expect(seen.get(cluster('v2'))).toBeGreaterThan(60);
    expect(seen.get(cluster('v2'))).toBeLessThan(140);
    const headers = [['end-user', 'jason']] as const;
    expect(outcome(host, { authority: 'reviews:9080', headers }).cluster).toBe(cluster('v2'));
    expect(outcome(host, { authority: 'reviews:80' }).status).toBe('502');
    expect(outcome(host, { authority: 'elsewhere.example.com' }).status).toBe('502');
  });

  it('delay and abort where the rule says so', async () => {
    const host = await serveCase('faults/delay-and-abort.yaml');
    const authority = 'ratings:9080';
    const answers = Array.from({ length: 4000 }, () => outcome(host, { authority }));
    const aborted = answers.filter(({ status }) => status === '503');
    expect(aborted.length).toBeGreaterThan(8);
    expect(aborted.length).toBeLessThan(40);
    expect(aborted.every(({ cluster }) => cluster === undefined)).toBe(true);
    const before = host.upstream.attempts.length;
    const { response } = host.request({ authority, headers: [['end-user', 'jason']] });
    host.clock.advance(6_900);
    expect(host.upstream.attempts).toHaveLength(before);
    host.clock.advance(200);
    expect(host.upstream.attempts).toHaveLength(before + 1);
    expect(response.ended).toBe(true);
  });

  it('match, rewrite, redirect and answer as the rules say', async () => {
    const host = await serveCase('routing/matches-and-actions.yaml');
    const authority = 'shop';
    expect(outcome(host, { authority, path: '/oLD' }).status).toBe('308');
    expect(outcome(host, { authority, path: '/health/x' }).status).toBe('200');
    const regex = '/v1/x?debug&page=12';
    expect(outcome(host, { authority, path: regex }).status).toBe('308');
    expect(outcome(host, { authority, path: regex, method: 'POST' }).cluster).toBeDefined();
    host.request({ authority, path: '/api/items', headers: [['x-c', 'gone']] });
    const sent = new Map(host.upstream.attempts.at(-1)?.request.headers);
    expect(sent.get(':path')).toBe('//items');
    expect(sent.get(':authority')).toBe('backend.example.com');
    expect([sent.get('x-a'), sent.get('x-b'), sent.get('x-c')]).toEqual(['1', '2', undefined]);
  });
});
