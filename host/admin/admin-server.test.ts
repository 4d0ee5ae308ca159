import { request } from 'node:http';
import { silentLog } from '@lateen/sdk/base/log';
import { openRegistry } from '@lateen/sdk/xds/registry';
import { afterEach, describe, expect, it } from 'vitest';
import { makeLog } from '../observe/log.ts';
import { MetricHub } from '../observe/metric-hub.ts';
import { clusterTag } from '../observe/stat-name.ts';
import { ThreadMetrics } from '../observe/thread-metrics.ts';
import { type AdminServer, openAdminServer } from './admin-server.ts';
import type { AdminSource, DrainRequest, ServerState } from './admin-source.ts';
import type { PluginState } from './wasm-page.ts';

const registry = openRegistry();
const CLUSTER = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const ADMIN = 'type.googleapis.com/envoy.admin.v3';

const open: AdminServer[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const nothing = () => {};

function openLog() {
  const sink = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
  return makeLog({ ...sink, critical: nothing }, { level: 'info', components: {} });
}

const SECRET = {
  '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  tlsCertificate: { privateKey: { inlineString: 'very secret' } },
};

const DUMP = [
  {
    '@type': `${ADMIN}.ClustersConfigDump`,
    dynamicActiveClusters: ['one', 'two'].map((name) => ({
      versionInfo: '1',
      cluster: { '@type': CLUSTER, name, connectTimeout: '1s' },
    })),
  },
  { '@type': `${ADMIN}.EndpointsConfigDump` },
  { '@type': `${ADMIN}.SecretsConfigDump`, staticSecrets: [{ name: 's', secret: SECRET }] },
];

const PLUGIN: PluginState = {
  name: 'ns.hello',
  rootId: '',
  vmId: '',
  module: 'sha256:ab',
  abi: '0.2.1',
  trusted: false,
  failurePolicy: 'closed',
  alive: true,
  streams: 3,
  rebuilds: 1,
  refusals: 0,
  memoryBytes: 65_536,
  fault: '',
};

/** A source with fixed facts; what it is told to do goes into `calls`. */
function fixedSource(
  facts: { readonly state: ServerState },
  hub: MetricHub,
  calls: unknown[],
): AdminSource {
  const log = openLog();
  const addresses = [
    { address: '127.0.0.1', port: 80 },
    { address: '::1', port: 80 },
  ];
  return {
    version: '1.2.3',
    node: { id: 'n', metadata: { A: 'b' } },
    commandLine: { concurrency: 2 },
    startedAt: Date.now() - 5000,
    state: () => facts.state,
    workers: () => ({ started: 2, configured: 2 }),
    series: () => hub.snapshot(),
    clusters: async () => ({ text: 'a::x::1\n', json: { cluster_statuses: [] } }),
    plugins: async () => [[PLUGIN], [{ ...PLUGIN, alive: false, streams: 5, fault: 'trapped' }]],
    listeners: () => [{ name: 'in', addresses }],
    configDump: () => DUMP,
    initDump: () => ({ listeners: ['warming'] }),
    log,
    setLogThresholds: (thresholds) => log.setThresholds(thresholds),
    reopenLogs: () => calls.push('reopen'),
    setHealthy: (healthy) => calls.push(healthy),
    drainListeners: (drain: DrainRequest) => calls.push(drain),
    quit: () => calls.push('quit'),
  };
}

async function openAdmin() {
  const hub = new MetricHub();
  const thread = hub.attach();
  const metrics = new ThreadMetrics((message) => thread.receive(message));
  const calls: unknown[] = [];
  const facts = { state: 'LIVE' as ServerState };
  const source = fixedSource(facts, hub, calls);
  const address = '127.0.0.1';
  const opened = await openAdminServer({ source, registry, address, port: 0, log: silentLog });
  if (!opened.ok) throw new Error(opened.error.message);
  open.push(opened.value);
  const { port } = opened.value;
  const ask = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
    send(port, { path, method, headers });
  const json = async (path: string) => JSON.parse((await ask(path)).body);
  return { ask, json, metrics, calls, facts, port };
}

function send(
  port: number,
  options: { path: string; method: string; headers: Record<string, string> },
): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    const sent = request({ port, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const type = String(response.headers['content-type']);
        resolve({ status: response.statusCode!, type, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('admin server', () => {
  it('says whether the process is ready', async () => {
    const { ask, facts } = await openAdmin();
    expect(await ask('/ready')).toMatchObject({ status: 200, body: 'LIVE\n' });
    facts.state = 'INITIALIZING';
    expect(await ask('/ready')).toMatchObject({ status: 503, body: 'INITIALIZING\n' });
  });

  it('shows what pilot-agent asks for, exactly', async () => {
    const { ask } = await openAdmin();
    const filter = encodeURIComponent('^(server\\.state|listener_manager\\.workers_started)');
    expect(await ask(`/stats?usedonly&filter=${filter}`)).toMatchObject({
      status: 200,
      body: 'listener_manager.workers_started: 1\nserver.state: 0\n',
    });
  });

  it('shows statistics as text, JSON and for Prometheus', async () => {
    const { ask, json, metrics } = await openAdmin();
    metrics.add(metrics.counter('cluster', clusterTag('a'), 'upstream_rq_total'), 3);
    metrics.counter('cluster', clusterTag('b'), 'upstream_rq_total');
    const text = (await ask('/stats?filter=upstream_rq&usedonly')).body;
    expect(text).toBe('cluster.a.upstream_rq_total: 3\n');
    expect((await ask('/stats?type=Gauges&filter=upstream_rq')).body).toBe('');
    expect(await json('/stats?format=json&filter=cluster.a')).toEqual({
      stats: [{ name: 'cluster.a.upstream_rq_total', value: 3 }],
    });
    const prometheus = await ask('/stats/prometheus');
    expect(prometheus.type).toContain('text/plain; version=0.0.4');
    expect(prometheus.body).toContain('envoy_cluster_upstream_rq_total{envoy_cluster_name="a"} 3');
    expect(prometheus.body).toContain('envoy_server_live 1\n');
    expect(await ask('/stats?filter=(')).toMatchObject({ status: 400 });
    expect(await ask('/stats?format=xml')).toMatchObject({ status: 400 });
  });

  it('shows clusters and listeners in both forms', async () => {
    const { ask, json } = await openAdmin();
    expect((await ask('/clusters')).body).toBe('a::x::1\n');
    expect(await json('/clusters?format=json')).toEqual({ cluster_statuses: [] });
    expect((await ask('/listeners')).body).toBe('in::127.0.0.1:80\nin::[::1]:80\n');
    const local = { socket_address: { address: '127.0.0.1', port_value: 80 } };
    expect(await json('/listeners?format=json')).toMatchObject({
      listener_statuses: [{ name: 'in', local_address: local }],
    });
  });

  it("dumps the configuration in Envoy's spelling, without secrets", async () => {
    const { ask, json } = await openAdmin();
    const dump = await json('/config_dump');
    expect(dump.configs).toHaveLength(2);
    expect(dump.configs[0].dynamic_active_clusters[0]).toEqual({
      version_info: '1',
      cluster: { '@type': CLUSTER, name: 'one', connect_timeout: '1s' },
    });
    const text = (await ask('/config_dump?include_eds')).body;
    expect(JSON.parse(text).configs).toHaveLength(3);
    expect(text).not.toContain('very secret');
    expect(text).toContain('[redacted]');
  });

  it('dumps parts of it', async () => {
    const { ask, json } = await openAdmin();
    const clusters = await json('/config_dump?resource=dynamic_active_clusters&mask=cluster.name');
    expect(clusters.configs).toEqual([
      { cluster: { '@type': CLUSTER, name: 'one' } },
      { cluster: { '@type': CLUSTER, name: 'two' } },
    ]);
    const named = await json('/config_dump?resource=dynamic_active_clusters&name_regex=^tw');
    expect(named.configs).toHaveLength(1);
    expect(await json('/config_dump?resource=dynamic_listeners')).toEqual({ configs: [] });
    expect(await ask('/config_dump?resource=nonsense')).toMatchObject({ status: 404 });
  });

  it('tells of itself', async () => {
    const { json, ask } = await openAdmin();
    expect(await json('/server_info')).toMatchObject({
      version: 'lateen/1.2.3',
      state: 'LIVE',
      command_line_options: { concurrency: 2 },
      node: { id: 'n', metadata: { A: 'b' } },
    });
    expect(Number((await json('/memory')).allocated)).toBeGreaterThan(0);
    expect(await json('/init_dump')).toEqual({ listeners: ['warming'] });
    expect((await ask('/')).body).toContain('/quitquitquit (POST)');
  });

  it('changes something only by POST', async () => {
    const { ask, calls } = await openAdmin();
    for (const path of ['/quitquitquit', '/reopen_logs', '/healthcheck/fail', '/logging']) {
      expect(await ask(path)).toMatchObject({ status: 405 });
    }
    expect(calls).toEqual([]);
    await ask('/healthcheck/fail', 'POST');
    await ask('/healthcheck/ok', 'POST');
    await ask('/reopen_logs', 'POST');
    await ask('/drain_listeners?inboundonly&graceful', 'POST');
    await ask('/quitquitquit', 'POST');
    const drain = { inboundOnly: true, graceful: true, skipExit: false };
    expect(calls).toEqual([false, true, 'reopen', drain, 'quit']);
  });

  it('shows and changes logging levels', async () => {
    const { ask } = await openAdmin();
    expect((await ask('/logging', 'POST')).body).toBe('active loggers:\n  main: info\n');
    expect((await ask('/logging?http=debug', 'POST')).body).toBe(
      'active loggers:\n  http: debug\n  main: info\n',
    );
    const several = await ask('/logging?paths=http:warning,main:trace', 'POST');
    expect(several.body).toBe('active loggers:\n  http: warn\n  main: trace\n');
    expect((await ask('/logging?level=error', 'POST')).body).toBe(
      'active loggers:\n  main: error\n',
    );
    for (const query of ['level=loud', 'a=b', 'a=info&b=info']) {
      expect(await ask(`/logging?${query}`, 'POST')).toMatchObject({ status: 400 });
    }
  });

  it('refuses web pages of other origins, and names that were made to point here', async () => {
    const { ask, calls, port } = await openAdmin();
    const foreign = { origin: 'http://evil.example' };
    expect(await ask('/quitquitquit', 'POST', foreign)).toMatchObject({ status: 403 });
    expect(await ask('/stats', 'GET', { host: 'evil.example' })).toMatchObject({ status: 403 });
    expect(calls).toEqual([]);
    const own = { origin: `http://localhost:${port}`, host: `localhost:${port}` };
    expect(await ask('/reopen_logs', 'POST', own)).toMatchObject({ status: 200 });
  });

  it('answers what it does not know with 404, and other methods with 405', async () => {
    const { ask } = await openAdmin();
    expect(await ask('/nonsense')).toMatchObject({
      status: 404,
      body: 'invalid path. see /help\n',
    });
    expect(await ask('/stats', 'DELETE')).toMatchObject({ status: 405 });
    expect(await ask('/ready', 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  it('says when it cannot listen', async () => {
    const { port } = await openAdmin();
    const options = {
      source: {} as AdminSource,
      registry,
      address: '127.0.0.1',
      port,
      log: silentLog,
    };
    const second = await openAdminServer(options);
    expect(second).toMatchObject({ ok: false, error: { code: 'LAT0010' } });
  });
});

it('shows each plugin once, with the figures of all workers', async () => {
  const { ask, json } = await openAdmin();
  expect((await ask('/wasm')).body).toBe(
    [
      'ns.hello::module::sha256:ab',
      'ns.hello::state::degraded',
      'ns.hello::memory_bytes::131072',
      'ns.hello::streams::8',
      'ns.hello::reloads::2',
      'ns.hello::refused_streams::0',
      'ns.hello::last_fault::trapped',
      '',
    ].join('\n'),
  );
  expect(await json('/wasm?format=json')).toMatchObject({
    plugins: [{ name: 'ns.hello', workers: 2, workers_serving: 1, last_fault: 'trapped' }],
  });
});
