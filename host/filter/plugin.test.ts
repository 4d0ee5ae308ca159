import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import type { PluginLimits } from '@lateen/sdk/xds/plugin-limits';
import { expect, test } from 'vitest';
import { compileAssembly } from '../wasm/fixtures/assembly.ts';
import { type FakeServices, fakeServices } from '../wasm/fixtures/fake-services.ts';
import { FakeStream } from '../wasm/fixtures/fake-stream.ts';
import { DEFAULT_MODULE_LIMITS } from '../wasm/limits.ts';
import { compileModule } from '../wasm/module.ts';
import { TRAPPED } from '../wasm/vm.ts';
import { type FailurePolicy, Plugin } from './plugin.ts';
import { FaultBackoff } from './plugin-backoff.ts';

/** Traps for requests with `x-trap`; counts requests in a global, so that a fresh VM shows. */
const SOURCE = `
const TRAP = new Text('x-many');
const COUNT = new Text('x-count');
let requests = 0;
function read(): string { env.proxy_get_buffer_bytes(7, 0, 1000, OUT, OUT + 4); return outText(); }
export function proxy_on_configure(root: i32, size: i32): i32 {
  const text = read();
  if (text == 'refuse') { say(4, 'no'); return 0; }
  if (text == 'trap') unreachable();
  return 1;
}
export function lateen_on_config(root: i32, id: i32, size: i32): i32 {
  const text = read();
  say(2, 'config ' + id.toString() + ' ' + text);
  return text == 'bad' ? 0 : 1;
}
export function lateen_on_config_delete(root: i32, id: i32): void { say(2, 'forget ' + id.toString()); }
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
  requests++;
  setHeaderText(0, COUNT, requests.toString());
  if (getHeader(0, TRAP) == 0) unreachable();
  return 0;
}
export function proxy_on_done(id: i32): i32 { if (id == 1) say(2, 'root done'); return 1; }
`;

let bytes: Promise<Uint8Array> | null = null;

async function openPlugin(
  options: {
    configuration?: string;
    failurePolicy?: FailurePolicy;
    services?: FakeServices;
    limits?: PluginLimits;
    reloadIntervalMs?: number;
  } = {},
) {
  bytes ??= compileAssembly(SOURCE);
  const services = options.services ?? fakeServices();
  const limits = DEFAULT_MODULE_LIMITS;
  const source = { name: 'counter', bytes: await bytes, trusted: false, limits };
  const compiled = await compileModule(source);
  if (!compiled.ok) throw new Error(compiled.error.message);
  const plugin = Plugin.open(
    {
      key: 'key',
      name: 'counting',
      rootId: 'root',
      vmId: 'vm',
      module: compiled.value,
      vmConfiguration: '',
      configuration: options.configuration ?? '',
      environment: {},
      failurePolicy: options.failurePolicy ?? 'closed',
      limits: options.limits ?? {},
      reloadIntervalMs: options.reloadIntervalMs ?? null,
      capabilities: [],
    },
    services,
  );
  return { plugin, services };
}

async function openGood(services = fakeServices()) {
  const { plugin } = await openPlugin({ services });
  if (!plugin.ok) throw new Error(plugin.error.message);
  return { plugin: plugin.value, services };
}

/** A request; with `trap` its headers make the module trap. */
function request(plugin: Plugin, trap = false): string | number | null {
  const stream = new FakeStream();
  if (!trap) stream.request.setPairs([[':method', 'GET']]);
  const context = plugin.openStream(stream);
  if (context === null) return null;
  const result = context.onRequestHeaders(1, true);
  context.close(true);
  if (result === TRAPPED) return TRAPPED;
  return stream.request.toPairs().find(([name]) => name === 'x-count')?.[1] ?? null;
}

test('a plugin that refuses its configuration, or traps at it, is not opened', async () => {
  const refused = await openPlugin({ configuration: 'refuse' });
  expect(refused.plugin).toMatchObject({
    ok: false,
    error: {
      code: 'LAT0360',
      message: 'refuses its configuration: no',
      origin: { resource: 'counting' },
    },
  });
  const trapped = await openPlugin({ configuration: 'trap' });
  expect(trapped.plugin).toMatchObject({ ok: false, error: { code: 'LAT0350' } });
});

test('after a trap the next stream gets a fresh VM that was told everything again', async () => {
  const { plugin, services } = await openGood();
  expect(plugin.deliver(1, Buffer.from('one')).ok).toBe(true);
  expect(plugin.deliver(2, Buffer.from('two')).ok).toBe(true);
  expect(plugin.deliver(3, Buffer.from('bad')).ok).toBe(false);
  plugin.forget(2);
  expect([request(plugin), request(plugin)]).toEqual(['1', '2']);
  expect(request(plugin, true)).toBe(TRAPPED);
  expect(plugin.alive).toBe(false);
  services.lines.length = 0;
  expect(request(plugin)).toBe('1');
  expect(plugin.alive).toBe(true);
  expect(services.lines).toEqual(['info config 1 one']);
  expect(plugin.rebuilds).toBe(1);
  expect(plugin.lastFault?.code).toBe('LAT0350');
});

test('streams that were open when the VM died answer TRAPPED, those of other plugins go on', async () => {
  const { plugin } = await openGood();
  const other = (await openGood()).plugin;
  const stream = new FakeStream();
  stream.request.setPairs([[':method', 'GET']]);
  const open = plugin.openStream(stream);
  request(plugin, true);
  expect(open?.onRequestHeaders(1, true)).toBe(TRAPPED);
  expect(open?.vm.alive).toBe(false);
  expect(request(other)).toBe('1');
});

test('a plugin that traps all the time waits between rebuilds', async () => {
  const { plugin, services } = await openGood();
  const results: (string | number | null)[] = [];
  for (let i = 0; i < 15; i++) results.push(request(plugin, true));
  expect(results.slice(0, 11)).toEqual(new Array(11).fill(TRAPPED));
  expect(results.slice(11)).toEqual([null, null, null, null]);
  expect(plugin.refusals).toBe(4);
  expect(plugin.deliver(9, Buffer.from('x'))).toMatchObject({
    ok: false,
    error: { code: 'LAT0361' },
  });
  services.clock.advance(1300);
  expect(request(plugin)).toBe('1');
});

test('a closed plugin has no streams any more, and its root context ends with the last', async () => {
  const { plugin, services } = await openGood();
  const context = plugin.openStream(new FakeStream());
  plugin.close();
  expect(services.lines).toEqual([]);
  context?.close(true);
  expect(services.lines).toEqual(['info root done']);
  expect(plugin.openStream(new FakeStream())).toBeNull();
});

test('waits double up to a minute, and a quiet while makes up for it', () => {
  const clock = new SteppedClock();
  const backoff = new FaultBackoff(clock, () => 0);
  const waited: number[] = [];
  for (let i = 0; i < 20; i++) {
    backoff.fault();
    let ms = 0;
    while (!backoff.due()) {
      clock.advance(500);
      ms += 500;
    }
    waited.push(ms);
  }
  expect(waited.slice(0, 10)).toEqual(new Array(10).fill(0));
  expect(waited.slice(10, 18)).toEqual([1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
  clock.advance(11_000);
  backoff.fault();
  expect(backoff.due()).toBe(true);
});

test('streams beyond the limit get no context, and one that ends makes room', async () => {
  const services = fakeServices();
  const opened = await openPlugin({ services, limits: { streams: 2 } });
  if (!opened.plugin.ok) throw new Error(opened.plugin.error.message);
  const plugin = opened.plugin.value;
  const first = plugin.openStream(new FakeStream());
  expect(plugin.openStream(new FakeStream())).not.toBeNull();
  expect(plugin.openStream(new FakeStream())).toBeNull();
  expect(plugin.refusals).toBe(1);
  expect(services.lines).toEqual(['warn has 2 streams open already (limits.streams)']);
  first?.close(true);
  expect(plugin.openStream(new FakeStream())).not.toBeNull();
});

test('with an interval a VM is replaced when it is that old, give or take half of it', async () => {
  const services = fakeServices();
  const { plugin: opened } = await openPlugin({ services, reloadIntervalMs: 1000 });
  if (!opened.ok) throw new Error(opened.error.message);
  const plugin = opened.value;
  expect(request(plugin, true)).toBe(TRAPPED);
  expect(request(plugin)).toBeNull();
  services.clock.advance(1249);
  expect(request(plugin)).toBeNull();
  services.clock.advance(1);
  expect(request(plugin)).toBe('1');
  services.clock.advance(5000);
  expect(request(plugin, true)).toBe(TRAPPED);
  expect(request(plugin)).toBe('1');
});
