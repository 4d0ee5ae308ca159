import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import { fail, ok } from '@lateen/sdk/base/result';
import { openRegistry } from '@lateen/sdk/xds/registry';
import {
  CLUSTER,
  HTTP_CONNECTION_MANAGER,
  LISTENER,
  LOAD_ASSIGNMENT,
  ROUTE_CONFIGURATION,
} from '@lateen/sdk/xds/type-urls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { formatText } from '../observe/exposition.ts';
import { MetricHub } from '../observe/metric-hub.ts';
import { ThreadMetrics } from '../observe/thread-metrics.ts';
import { readBootstrap } from './bootstrap.ts';
import { Configuration } from './configuration.ts';
import { ManagementServer } from './testing/management-server.ts';
import { parseSource } from './yaml-json.ts';

const registry = openRegistry();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

async function openServer(port?: number): Promise<ManagementServer> {
  const server = await new ManagementServer(registry).open(port);
  closers.push(() => server.close());
  return server;
}

function adsBootstrap(port: number, apiType: string, extra = ''): string {
  const address = `{socket_address: {address: 127.0.0.1, port_value: ${port}}}`;
  return `
node: {id: n1, cluster: c1}
dynamic_resources:
  ads_config:
    api_type: ${apiType}
    grpc_services:
    - envoy_grpc: {cluster_name: xds}
      initial_metadata: [{key: authorization, value: Bearer t}]
  cds_config: {ads: {}, initial_fetch_timeout: 0s}
  lds_config: {ads: {}, initial_fetch_timeout: 0s}
static_resources:
  clusters:
  - name: xds
    load_assignment:
      cluster_name: xds
      endpoints: [{lb_endpoints: [{endpoint: {address: ${address}}}]}]
${extra}`;
}

/** A configuration from YAML whose changes are refused where `refuse` names a resource. */
function openConfiguration(yaml: string, refuse: { name: string } = { name: '' }) {
  const { bootstrap, problems } = readBootstrap(parseSource(yaml, 'b.yaml').document!, registry, {
    serviceNode: undefined,
    serviceCluster: undefined,
    serviceZone: undefined,
  });
  if (bootstrap === null) throw new Error(JSON.stringify(problems));
  const hub = new MetricHub();
  const source = hub.attach();
  const configuration = new Configuration({
    bootstrap,
    registry,
    clock: systemClock,
    random: () => 0,
    log: silentLog,
    metrics: new ThreadMetrics((message) => source.receive(message)),
    apply: async (change) => {
      const bad = Object.values(change).some((part) => part.set.has(refuse.name));
      const origin = { resource: refuse.name, path: 'lb_policy' };
      return bad
        ? fail([{ level: 'error', code: 'LAT0601', message: 'is not supported', origin }])
        : ok([]);
    },
  });
  closers.push(() => configuration.close());
  return { configuration, stats: () => formatText(hub.snapshot()) };
}

const ads = { ads: {}, initialFetchTimeout: '0s' };
const cluster = (name: string): JsonObject => ({ '@type': CLUSTER, name, type: 'STATIC' });
const eds = (name: string): JsonObject => {
  return { '@type': CLUSTER, name, type: 'EDS', edsClusterConfig: { edsConfig: ads } };
};
const assignment = (clusterName: string) => ({ '@type': LOAD_ASSIGNMENT, clusterName });
const routes = (name: string) => ({ '@type': ROUTE_CONFIGURATION, name });
const listener = (name: string, routeConfigName: string): JsonObject => ({
  '@type': LISTENER,
  name,
  address: { socketAddress: { address: '127.0.0.1', portValue: 80 } },
  filterChains: [
    {
      filters: [
        {
          name: 'h',
          typedConfig: {
            '@type': HTTP_CONNECTION_MANAGER,
            statPrefix: 's',
            rds: { configSource: ads, routeConfigName },
          },
        },
      ],
    },
  ],
});

describe('Configuration over delta discovery', () => {
  /** The last request of a type. */
  const last = (server: ManagementServer, typeUrl: string) =>
    server.delta.filter((request) => request.typeUrl === typeUrl).at(-1);

  it('asks for clusters, their endpoints, listeners and their routes, and acknowledges', async () => {
    const server = await openServer();
    const { configuration, stats } = openConfiguration(adsBootstrap(server.port, 'DELTA_GRPC'));
    expect(await configuration.start()).toEqual([]);
    await vi.waitFor(() => expect(server.delta).toHaveLength(1));
    expect(server.delta[0]).toMatchObject({
      typeUrl: CLUSTER,
      resourceNamesSubscribe: [],
      node: { id: 'n1', cluster: 'c1', userAgentName: 'lateen' },
    });
    expect(server.tokens).toEqual(['Bearer t']);

    const clusterNonce = server.sendDelta(CLUSTER, [eds('a'), cluster('b')]);
    await vi.waitFor(() =>
      expect(last(server, LOAD_ASSIGNMENT)).toMatchObject({
        resourceNamesSubscribe: ['a'],
        node: null,
      }),
    );
    expect([...configuration.store.active('clusters').keys()]).toEqual(['xds', 'b']);
    server.sendDelta(LOAD_ASSIGNMENT, [assignment('a')]);
    await vi.waitFor(() =>
      expect(last(server, CLUSTER)).toMatchObject({
        responseNonce: clusterNonce,
        errorDetail: null,
      }),
    );
    await vi.waitFor(() => expect(last(server, LISTENER)).toBeDefined());
    server.sendDelta(LISTENER, [listener('in', 'r')]);
    await vi.waitFor(() =>
      expect(last(server, ROUTE_CONFIGURATION)).toMatchObject({ resourceNamesSubscribe: ['r'] }),
    );
    server.sendDelta(ROUTE_CONFIGURATION, [routes('r')]);
    await configuration.initialized;
    expect([...configuration.store.active('listeners').keys()]).toEqual(['in']);
    expect(stats()).toContain('cluster_manager.cds.update_success: 1\n');
    expect(stats()).toContain('listener_manager.lds.update_success: 1\n');
    expect(stats()).toContain('control_plane.connected_state: 1\n');
  });

  it('refuses bad resources by name and field, and takes the good ones', async () => {
    const server = await openServer();
    const { configuration } = openConfiguration(adsBootstrap(server.port, 'DELTA_GRPC'), {
      name: 'unsupported',
    });
    await configuration.start();
    await vi.waitFor(() => expect(server.delta).toHaveLength(1));
    const nonce = server.sendDelta(CLUSTER, [
      cluster('good'),
      cluster('unsupported'),
      cluster('xds'),
      { '@type': CLUSTER, name: 'garbage', bytes: '\x0a\xff' },
      { '@type': CLUSTER, name: 'invalid', bytes: '\x0a\x07invalid\x22\x02\x08\x00' },
    ]);
    await vi.waitFor(() => expect(last(server, CLUSTER)?.responseNonce).toBe(nonce));
    const { code, message } = last(server, CLUSTER)!.errorDetail!;
    expect(code).toBe(3);
    expect(message.split('; ')).toEqual([
      'garbage: the bytes are no envoy.config.cluster.v3.Cluster (LAT0603)',
      'invalid: connect_timeout: value must be greater than 0s (LAT0605)',
      'xds: stands in the bootstrap and cannot be replaced by discovery (LAT0608)',
      'unsupported: lb_policy: is not supported (LAT0601)',
    ]);
    expect([...configuration.store.active('clusters').keys()]).toEqual(['xds', 'good']);
    server.sendDelta(CLUSTER, [], ['good', 'xds']);
    await vi.waitFor(() =>
      expect([...configuration.store.active('clusters').keys()]).toEqual(['xds']),
    );
  });

  it('keeps what it has when the server goes, and tells a new one what that is', async () => {
    const first = await openServer();
    const { configuration, stats } = openConfiguration(adsBootstrap(first.port, 'DELTA_GRPC'));
    await configuration.start();
    await vi.waitFor(() => expect(first.delta).toHaveLength(1));
    const version = first.sendDelta(CLUSTER, [cluster('a'), eds('b')]);
    await vi.waitFor(() => expect(last(first, LOAD_ASSIGNMENT)).toBeDefined());
    first.sendDelta(LOAD_ASSIGNMENT, [assignment('b')]);
    await vi.waitFor(() => expect(configuration.store.active('clusters').size).toBe(3));
    first.close();
    await vi.waitFor(() => expect(stats()).toContain('control_plane.connected_state: 0\n'));
    expect(configuration.store.active('clusters').size).toBe(3);
    const second = await openServer(first.port);
    await vi.waitFor(() => expect(last(second, LOAD_ASSIGNMENT)).toBeDefined(), 5000);
    expect(second.delta[0]).toMatchObject({
      typeUrl: CLUSTER,
      node: { id: 'n1' },
      initialResourceVersions: { a: version, b: version },
      responseNonce: '',
    });
    expect(last(second, LOAD_ASSIGNMENT)).toMatchObject({ resourceNamesSubscribe: ['b'] });
  });

  it('lets go of endpoints whose cluster is gone', async () => {
    const server = await openServer();
    const { configuration } = openConfiguration(adsBootstrap(server.port, 'DELTA_GRPC'));
    await configuration.start();
    await vi.waitFor(() => expect(server.delta).toHaveLength(1));
    server.sendDelta(CLUSTER, [eds('a'), eds('b')]);
    await vi.waitFor(() => expect(last(server, LOAD_ASSIGNMENT)).toBeDefined());
    server.sendDelta(LOAD_ASSIGNMENT, [assignment('a'), assignment('b')]);
    await vi.waitFor(() => expect(configuration.store.active('clusters').size).toBe(3));
    server.sendDelta(CLUSTER, [], ['a']);
    await vi.waitFor(() =>
      expect(last(server, LOAD_ASSIGNMENT)).toMatchObject({ resourceNamesUnsubscribe: ['a'] }),
    );
    expect([...configuration.store.active('assignments').keys()]).toEqual(['b']);
  });
});

describe('Configuration over state-of-the-world discovery', () => {
  const last = (server: ManagementServer, typeUrl: string) =>
    server.sotw.filter((request) => request.typeUrl === typeUrl).at(-1);

  it('takes a response as the whole world, and answers with the last good version', async () => {
    const server = await openServer();
    const refuse = { name: '' };
    const { configuration } = openConfiguration(adsBootstrap(server.port, 'GRPC'), refuse);
    await configuration.start();
    await vi.waitFor(() => expect(server.sotw).toHaveLength(1));
    server.sendSotw(CLUSTER, '1', [cluster('a'), cluster('b')]);
    await vi.waitFor(() => expect(last(server, CLUSTER)).toMatchObject({ versionInfo: '1' }));
    refuse.name = 'c';
    const nonce = server.sendSotw(CLUSTER, '2', [cluster('b'), cluster('c')]);
    await vi.waitFor(() =>
      expect(last(server, CLUSTER)).toMatchObject({
        versionInfo: '1',
        responseNonce: nonce,
        errorDetail: { message: 'c: lb_policy: is not supported (LAT0601)' },
      }),
    );
    expect([...configuration.store.active('clusters').keys()]).toEqual(['xds', 'b']);
    server.sendSotw(CLUSTER, '3', [eds('d')]);
    await vi.waitFor(() =>
      expect(last(server, LOAD_ASSIGNMENT)).toMatchObject({ resourceNames: ['d'] }),
    );
    server.sendSotw(LOAD_ASSIGNMENT, '1', [assignment('d'), assignment('never-asked-for')]);
    await vi.waitFor(() =>
      expect(last(server, LOAD_ASSIGNMENT)).toMatchObject({ versionInfo: '1' }),
    );
    expect(configuration.store.warming('assignments').size).toBe(0);
    await vi.waitFor(() => expect(last(server, CLUSTER)).toMatchObject({ versionInfo: '3' }));
    expect([...configuration.store.active('clusters').keys()]).toEqual(['xds', 'd']);
  });
});

describe('Configuration from files', () => {
  it('reads resources from a file, and again when another is moved over it', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'lateen-path-'));
    closers.push(() => rmSync(dir, { recursive: true, force: true }));
    const path = join(dir, 'cds.yaml');
    const write = (text: string) => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    };
    const one = (name: string) => `{"@type": ${CLUSTER}, name: ${name}, connect_timeout: 1s}`;
    write(`{version_info: "1", resources: [${one('a')}]}`);
    const { configuration } = openConfiguration(
      `dynamic_resources: {cds_config: {path_config_source: {path: ${path}}}}`,
    );
    expect(await configuration.start()).toEqual([]);
    await configuration.initialized;
    const names = () => [...configuration.store.active('clusters').keys()];
    expect(names()).toEqual(['a']);
    write('{resources: [');
    write(`{resources: [${one('b')}, {"@type": ${CLUSTER}, name: c, lb_polcy: X}]}`);
    write(`{version_info: "2", resources: [${one('d')}]}`);
    await vi.waitFor(() => expect(names()).toEqual(['d']));
  });

  it('starts with the resources of the bootstrap and says what is refused of them', async () => {
    const yaml = 'static_resources: {clusters: [{name: a}, {name: b}]}';
    const good = openConfiguration(yaml);
    expect(await good.configuration.start()).toEqual([]);
    await good.configuration.initialized;
    const bad = openConfiguration(yaml, { name: 'b' });
    expect(await bad.configuration.start()).toMatchObject([
      { origin: { file: 'b.yaml', line: 1, path: 'static_resources.clusters[1].lb_policy' } },
    ]);
  });

  it('refuses resources whose parts would have to come from elsewhere', async () => {
    const { configuration } = openConfiguration(
      'static_resources: {clusters: [{name: a, type: EDS, eds_cluster_config: {eds_config: {path: /x}}}]}',
    );
    expect(await configuration.start()).toMatchObject([
      { origin: { path: 'static_resources.clusters[0].eds_cluster_config.eds_config' } },
    ]);
  });

  it('says at the start when the management server cannot be reached that way', async () => {
    const tls = `
    transport_socket:
      name: tls
      typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext}`;
    const { configuration } = openConfiguration(adsBootstrap(1, 'DELTA_GRPC', tls));
    expect(await configuration.start()).toMatchObject([{ code: 'LAT0630' }]);
  });
});
