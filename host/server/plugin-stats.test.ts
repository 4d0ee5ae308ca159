import { expect, test } from 'vitest';
import { compileModuleSource } from '../../test/kit/assembly.ts';
import { PluginPool, type PluginSpec } from '../filter/plugin-pool.ts';
import { MetricHub } from '../observe/metric-hub.ts';
import { ThreadMetrics } from '../observe/thread-metrics.ts';
import { fakeServices } from '../wasm/fixtures/fake-services.ts';
import { FakeStream } from '../wasm/fixtures/fake-stream.ts';
import { moduleLimits } from '../wasm/limits.ts';
import { compileModule } from '../wasm/module.ts';
import { PluginStats } from './plugin-stats.ts';

const SOURCE = `
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += i;
  if (n == 7) unreachable();
  return sum == -1 ? 1 : 0;
}
`;

async function openPlugin() {
  const bytes = await compileModuleSource(SOURCE);
  const module = await compileModule({
    name: 'm',
    bytes,
    trusted: false,
    limits: moduleLimits(false),
  });
  if (!module.ok) throw new Error(module.error.message);
  const services = fakeServices();
  const pool = new PluginPool(services);
  pool.addModule(module.value);
  const spec: PluginSpec = {
    key: 'k',
    name: 'ns.count',
    rootId: '',
    vmId: '',
    module: module.value.key,
    vmConfiguration: '',
    configuration: '',
    environment: {},
    failurePolicy: 'closed',
    reloadIntervalMs: null,
    limits: {},
    capabilities: [],
  };
  const plugin = pool.lease(spec);
  if (!plugin.ok) throw new Error(plugin.error.message);
  const hub = new MetricHub();
  const thread = hub.attach();
  const metrics = new ThreadMetrics((message) => thread.receive(message));
  const stats = new PluginStats(pool, metrics, services.clock);
  const values = () =>
    new Map(
      hub
        .snapshot()
        .filter(({ name }) => name.full.startsWith('wasm.plugin.ns.count.'))
        .map((series) => [
          series.name.full.slice('wasm.plugin.ns.count.'.length),
          series.kind === 'histogram' ? -1 : series.value,
        ]),
    );
  const request = (n: number) => {
    const context = plugin.value.openStream(new FakeStream());
    context?.onRequestHeaders(n, true);
    context?.close(true);
  };
  return { plugin: plugin.value, pool, services, stats, hub, values, request };
}

test('what plugins count is there a second later, under their names', async () => {
  const { services, values, request, hub } = await openPlugin();
  for (let i = 0; i < 130; i++) request(100);
  request(7);
  request(100);
  expect(values().get('streams')).toBeUndefined();
  services.clock.advance(1000);
  const seen = values();
  expect(seen.get('streams')).toBe(132);
  expect(seen.get('faults_trap')).toBe(1);
  expect(seen.get('vm_reload_success')).toBe(1);
  expect(seen.get('streams_refused')).toBe(0);
  expect(seen.get('memory_bytes')).toBeGreaterThanOrEqual(65_536);
  const callbacks = seen.get('callbacks') ?? 0;
  expect(callbacks).toBeGreaterThan(130 - 64);
  expect(callbacks).toBeLessThanOrEqual(133);
  expect((seen.get('fuel') ?? 0) / callbacks).toBeGreaterThan(500);
  const series = hub.snapshot().find(({ name }) => name.full.endsWith('ns.count.streams'));
  expect(series?.name).toMatchObject({
    metric: 'envoy_wasm_plugin_streams',
    tags: [['wasm_plugin', 'ns.count']],
  });
});

test('a plugin that is gone keeps its counts and has no memory', async () => {
  const { services, values, request, pool, plugin } = await openPlugin();
  request(1);
  services.clock.advance(1000);
  request(1);
  pool.release(plugin);
  services.clock.advance(1000);
  expect(values().get('streams')).toBe(2);
  expect(values().get('memory_bytes')).toBe(0);
});
