import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok } from '@lateen/sdk/base/result';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { HTTP_CONNECTION_MANAGER } from '@lateen/sdk/xds/type-urls';
import { describe, expect, it, vi } from 'vitest';
import { RESOURCE_TYPES, type ResourceChange, type ResourceType } from './resources.ts';
import { SnapshotStore } from './snapshot-store.ts';

/** A store whose `apply` records changes and refuses what `refuse` says. */
function openStore(refuse: (change: ResourceChange) => readonly Problem[] = () => []) {
  const clock = new SteppedClock();
  const changes: string[] = [];
  const store = new SnapshotStore({
    clock,
    log: silentLog,
    apply: async (change) => {
      const problems = refuse(change);
      changes.push(`${problems.length > 0 ? 'refused ' : ''}${summary(change)}`);
      return problems.length > 0 ? fail(problems) : ok([]);
    },
  });
  const update = (type: ResourceType, resources: readonly JsonObject[], removed: string[] = []) => {
    const set = new Map(
      resources.map((json) => [
        String(json['name'] ?? json['clusterName']),
        { json, version: '1' },
      ]),
    );
    return store.update(type, { set, removed });
  };
  return { store, clock, changes, update };
}

function summary(change: ResourceChange): string {
  return RESOURCE_TYPES.flatMap((type) => [
    ...[...(change[type]?.set.keys() ?? [])].map((name) => `${type}+${name}`),
    ...(change[type]?.removed ?? []).map((name) => `${type}-${name}`),
  ]).join(' ');
}

function problem(resource: string): Problem {
  return { level: 'error', code: 'LAT0601', message: 'no', origin: { resource, path: 'x' } };
}

const eds = (name: string, initialFetchTimeout = '15s') => ({
  name,
  type: 'EDS',
  edsClusterConfig: { edsConfig: { ads: {}, initialFetchTimeout } },
});

function listener(name: string, routeConfigName: string, extensions: readonly string[] = []) {
  const configSource = { ads: {}, initialFetchTimeout: '15s' };
  const httpFilters = extensions.map((filter) => ({
    name: filter,
    configDiscovery: { configSource, typeUrls: [] },
  }));
  const typedConfig = {
    '@type': HTTP_CONNECTION_MANAGER,
    rds: { configSource, routeConfigName },
    httpFilters,
  };
  return { name, filterChains: [{ filters: [{ typedConfig }] }] };
}

describe('SnapshotStore', () => {
  it('brings a cluster into force together with its endpoints', async () => {
    const { store, changes, update } = openStore();
    const clusters = update('clusters', [eds('a'), { name: 'static' }]);
    await Promise.resolve();
    expect([...store.wanted('assignments')]).toEqual(['a']);
    const assignments = update('assignments', [{ clusterName: 'a' }]);
    expect(await Promise.all([clusters, assignments])).toEqual([[], []]);
    expect(changes).toEqual(['clusters+static', 'clusters+a assignments+a']);
    expect([...store.active('clusters').keys()]).toEqual(['static', 'a']);
  });

  it('reuses the endpoints it has when a cluster changes', async () => {
    const { changes, update } = openStore();
    void update('clusters', [eds('a')]);
    await update('assignments', [{ clusterName: 'a' }]);
    await update('clusters', [{ ...eds('a'), lbPolicy: 'RANDOM' }]);
    expect(changes).toEqual(['clusters+a assignments+a', 'clusters+a']);
  });

  it('keeps a listener waiting for its routes and extensions', async () => {
    const { store, changes, update } = openStore();
    void update('listeners', [listener('in', 'r', ['wasm'])]);
    await update('routes', [{ name: 'r' }]);
    expect([...store.wanted('routes'), ...store.wanted('extensions')]).toEqual(['r', 'wasm']);
    expect(changes).toEqual(['routes+r']);
    await update('extensions', [{ name: 'wasm' }]);
    expect(changes).toEqual(['routes+r', 'extensions+wasm listeners+in']);
  });

  it('goes on after the fetch timeout without what did not come', async () => {
    const { store, changes, clock, update } = openStore();
    const settled = update('clusters', [eds('a'), eds('forever', '0s')]);
    await Promise.resolve();
    clock.advance(1000);
    expect(await settled).toEqual([]);
    clock.advance(14_000);
    await Promise.resolve();
    await Promise.resolve();
    expect(changes).toEqual(['clusters+a']);
    expect([...store.warming('clusters').keys()]).toEqual(['forever']);
  });

  it('does not wait for what the server says does not exist', async () => {
    const { changes, update } = openStore();
    const settled = update('listeners', [listener('in', 'r')]);
    await update('routes', [], ['r']);
    await settled;
    expect(changes).toEqual(['listeners+in']);
  });

  it('asks anew for what the server took away after its last reference was gone', async () => {
    const { store, changes, update } = openStore();
    void update('listeners', [listener('in', 'r', ['wasm'])]);
    void update('routes', [{ name: 'r' }]);
    await update('extensions', [{ name: 'wasm' }]);
    await update('listeners', [listener('in', 'r')]);
    await vi.waitFor(() => expect(changes.at(-1)).toBe('extensions-wasm'));
    expect([...store.active('extensions').keys()]).toEqual([]);
    await update('extensions', [], ['wasm']);
    changes.length = 0;
    void update('listeners', [listener('in', 'r', ['wasm'])]);
    await Promise.resolve();
    expect(changes).toEqual([]);
    await update('extensions', [{ name: 'wasm' }]);
    expect(changes).toEqual(['extensions+wasm listeners+in']);
  });

  it('keeps what was about to go when a listener comes that names it', async () => {
    const { store, changes, update } = openStore();
    void update('listeners', [listener('in', 'r', ['wasm'])]);
    void update('routes', [{ name: 'r' }]);
    await update('extensions', [{ name: 'wasm' }]);
    await update('listeners', [listener('in', 'r')]);
    await update('listeners', [listener('in', 'r', ['wasm'])]);
    expect(changes.slice(-2)).toEqual(['listeners+in', 'listeners+in']);
    expect([...store.active('extensions').keys()]).toEqual(['wasm']);
  });

  it('waits the whole time for what has come before and gone', async () => {
    const { changes, clock, update } = openStore();
    void update('listeners', [listener('in', 'r', ['wasm'])]);
    void update('routes', [{ name: 'r' }]);
    clock.advance(100);
    await update('extensions', [{ name: 'wasm' }]);
    await update('listeners', [listener('in', 'r')]);
    await vi.waitFor(() => expect(changes.at(-1)).toBe('extensions-wasm'));
    clock.advance(14_800);
    changes.length = 0;
    void update('listeners', [listener('in', 'r', ['wasm'])]);
    await Promise.resolve();
    clock.advance(200);
    await Promise.resolve();
    expect(changes).toEqual([]);
    await update('extensions', [{ name: 'wasm' }]);
    expect(changes).toEqual(['extensions+wasm listeners+in']);
  });

  it('refuses a resource, keeps its last good version, and lets the others through', async () => {
    let bad = '';
    const { store, changes, update } = openStore((change) =>
      change.clusters?.set.has(bad) ? [problem(`Cluster ${bad}`)] : [],
    );
    await update('clusters', [{ name: 'a', n: 1 }]);
    bad = 'a';
    const refusals = await update('clusters', [{ name: 'a', n: 2 }, { name: 'b' }]);
    expect(refusals).toMatchObject([{ origin: { resource: 'Cluster a' } }]);
    expect(changes.slice(1)).toEqual(['refused clusters+a clusters+b', 'clusters+b']);
    expect(store.active('clusters').get('a')?.json).toEqual({ name: 'a', n: 1 });
    expect([...store.active('clusters').keys()]).toEqual(['a', 'b']);
  });

  it('does not bring up a listener whose routes were refused', async () => {
    const { store, changes, update } = openStore((change) =>
      change.routes?.set.has('r') ? [problem('RouteConfiguration r')] : [],
    );
    void update('listeners', [listener('in', 'r')]);
    expect(await update('routes', [{ name: 'r' }])).toMatchObject([{ code: 'LAT0601' }]);
    expect(changes).toEqual(['refused routes+r listeners+in']);
    expect([...store.warming('listeners').keys()]).toEqual(['in']);
  });

  it('finds the culprit one by one where the problems name nobody', async () => {
    const { store, changes, update } = openStore((change) =>
      change.extensions?.set.has('bad') ? [problem('Listener in')] : [],
    );
    void update('listeners', [listener('in', 'r', ['good', 'bad'])]);
    await update('routes', [{ name: 'r' }]);
    const refusals = await update('extensions', [{ name: 'bad' }, { name: 'good' }]);
    expect(refusals).toHaveLength(1);
    expect(changes.at(-1)).toBe('extensions+good');
    expect([...store.active('extensions').keys()]).toEqual(['good']);
  });

  it('lets go of routes, endpoints and extensions when the last reference goes', async () => {
    const { changes, update } = openStore();
    void update('listeners', [listener('in', 'r', ['x'])]);
    void update('routes', [{ name: 'r' }]);
    await update('extensions', [{ name: 'x' }]);
    await update('listeners', [], ['in']);
    await vi.waitFor(() => {
      expect(changes.slice(-2)).toEqual(['listeners-in', 'extensions-x routes-r']);
    });
  });

  it('keeps routes in force that the server takes away while a listener still names them', async () => {
    const { store, update } = openStore();
    void update('listeners', [listener('in', 'r')]);
    await update('routes', [{ name: 'r' }]);
    await update('routes', [], ['r']);
    expect([...store.active('routes').keys()]).toEqual(['r']);
  });

  it('takes in what comes while a change is being applied', async () => {
    const { store, update } = openStore();
    void update('clusters', [{ name: 'a', n: 1 }]);
    void update('clusters', [{ name: 'a', n: 2 }]);
    await update('clusters', [{ name: 'a', n: 3 }]);
    expect(store.active('clusters').get('a')?.json).toEqual({ name: 'a', n: 3 });
    expect(store.versions('clusters').get('a')).toBe('1');
  });

  it('answers an update for resources that need nothing at once, and repeats harmlessly', async () => {
    const { update, changes } = openStore();
    expect(await update('clusters', [])).toEqual([]);
    expect(await update('clusters', [], ['never-there'])).toEqual([]);
    expect(changes).toEqual([]);
  });
});
