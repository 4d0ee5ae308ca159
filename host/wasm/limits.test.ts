import { expect, test } from 'vitest';
import { compileAssembly } from './fixtures/assembly.ts';
import { FakeStream } from './fixtures/fake-stream.ts';
import { buildFilter } from './fixtures/module-builder.ts';
import { openAssembly, openBytes, startVm } from './fixtures/open-vm.ts';
import { TRAPPED } from './vm.ts';

/** Spins as long as the size it is shown says; a round costs about 10 units. */
const SPINS = `
function spin(rounds: i32): i32 { let sum = 0; for (let i = 0; i < rounds; i++) sum = sum * 31 + i; return sum; }
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 { spin(n * 1000); return 0; }
export function proxy_on_response_headers(id: i32, n: i32, end: i32): i32 { spin(n * 1000); return 0; }
export function proxy_on_request_body(id: i32, size: i32, end: i32): i32 { spin(100); return 0; }
export function proxy_on_log(id: i32): void { spin(1000); }
`;

test('callbacks of one request share its fuel, and another request has its own', async () => {
  const limits = { fuelPerCall: 100_000, fuelPerRequest: 150_000 };
  const { root, vm } = await openAssembly(SPINS, { limits });
  const other = root.openStream(new FakeStream());
  const stream = root.openStream(new FakeStream());
  expect(stream.onRequestHeaders(4, true)).toBe(0);
  // What a callback has used is known when the next one begins.
  other.onRequestHeaders(0, true);
  const left = stream.fuel;
  expect(left).toBeGreaterThan(50_000);
  expect(left).toBeLessThan(120_000);
  expect(other.onRequestHeaders(4, true)).toBe(0);
  expect(vm.alive).toBe(true);
  for (let i = 0; i < 3; i++) stream.onResponseHeaders(4, true);
  expect(vm.fault?.code).toBe('LAT0351');
  expect(vm.fault?.message).toMatch(
    /^used up the fuel of its request in proxy_on_response_headers at \S+, which had [\d,]+ units left: does it loop\? \(limits\.fuelPerRequest\)$/,
  );
});

test('a stream of a million pieces goes on while each of them is cheap', async () => {
  const limits = { fuelPerCall: 100_000, fuelPerRequest: 150_000 };
  const { root, vm } = await openAssembly(SPINS, { limits });
  const stream = root.openStream(new FakeStream());
  for (let i = 0; i < 10_000; i++) stream.onRequestBody(10, false);
  expect(vm.fault).toBeNull();
  expect(stream.fuel).toBeGreaterThan(140_000);
});

/** Allocates so many MiB, keeps them, and says how much memory it had at the start. */
const HOARDS = `
const kept = new Array<ArrayBuffer>();
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
  for (let i = 0; i < n; i++) kept.push(new ArrayBuffer(1 << 20));
  return 0;
}
`;

test('a module that wants more memory than its limit is told so by name', async () => {
  const bytes = await compileAssembly(HOARDS);
  const { root, vm } = await openBytes(bytes);
  const stream = root.openStream(new FakeStream());
  expect(stream.onRequestHeaders(10, true)).toBe(0);
  expect(stream.onRequestHeaders(10, true)).toBe(TRAPPED);
  expect(vm.fault?.code).toBe('LAT0357');
  expect(vm.fault?.message).toMatch(
    /; it has 1\d\.\d MiB of memory and was refused more \(limits\.memory\)$/,
  );
});

test('with a higher limit it may have more, with a lower one less', async () => {
  const bytes = await compileAssembly(HOARDS);
  const more = await openBytes(bytes, { memoryBytes: 64 * 1024 * 1024 });
  expect(more.root.openStream(new FakeStream()).onRequestHeaders(20, true)).toBe(0);
  const less = await openBytes(bytes, { memoryBytes: 2 * 1024 * 1024 });
  expect(less.root.openStream(new FakeStream()).onRequestHeaders(3, true)).toBe(TRAPPED);
  expect(less.vm.fault?.code).toBe('LAT0357');
});

test('trusted modules have 128 MiB and no fuel', async () => {
  const bytes = await compileAssembly(HOARDS);
  const { root, vm } = await openBytes(bytes, { trusted: true });
  const stream = root.openStream(new FakeStream());
  expect(stream.onRequestHeaders(100, true)).toBe(0);
  expect(stream.onRequestHeaders(50, true)).toBe(TRAPPED);
  expect(vm.fault?.code).toBe('LAT0350');
});

test('what a module starts with does not count against what it may grow by', async () => {
  const large = buildFilter({}, { memory: [0, 0x90, 0x02] });
  const vm = await startVm(large);
  expect(vm.memoryBytes).toBe(272 * 65_536);
  await expect(startVm(large, { memoryBytes: 16 * 1024 * 1024 })).rejects.toThrow(
    'LAT0341 starts with 272 pages of memory (17Mi), the limit is 256 (16Mi)',
  );
  const huge = buildFilter({}, { memory: [0, 0x90, 0x10] });
  await expect(startVm(huge)).rejects.toThrow('the limit is 1024 (64Mi)');
});

test('a root context has only so many callouts under way', async () => {
  const source = `
    const CLUSTER = new Text('auth');
    const HEAD = new Text(':method\\0GET\\0:path\\0/c\\0:authority\\0auth\\0');
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      const head = new ArrayBuffer(28 + HEAD.size);
      const at = changetype<usize>(head);
      const sizes: i32[] = [3, 7, 3, 5, 2, 10, 4];
      for (let i = 0; i < 7; i++) store<i32>(at + i * 4, sizes[i]);
      memory.copy(at + 28, HEAD.at, HEAD.size);
      let started = 0;
      for (let i = 0; i < n; i++) {
        if (env.proxy_http_call(CLUSTER.at, CLUSTER.size, at, head.byteLength, 0, 0, 0, 0, 250, OUT) == 0) started++;
      }
      return started;
    }
  `;
  const { root, services } = await openAssembly(source, { limits: { calloutsMax: 3 } });
  expect(root.openStream(new FakeStream()).onRequestHeaders(4, true)).toBe(3);
  expect(services.lines).toEqual(['warn has 3 callouts under way already (limits.callouts)']);
});

test('shared data and queues end at what the plugin may have', async () => {
  const source = `
    const KEY = new Text('key'); const QUEUE = new Text('queue');
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      const block = new ArrayBuffer(n);
      return env.proxy_set_shared_data(KEY.at, KEY.size, changetype<usize>(block), n, 0);
    }
    export function proxy_on_response_headers(id: i32, n: i32, end: i32): i32 {
      if (env.proxy_register_shared_queue(QUEUE.at, QUEUE.size, OUT) != 0) return -1;
      const queue = load<u32>(OUT);
      let put = 0;
      for (let i = 0; i < n; i++) if (env.proxy_enqueue_shared_queue(queue, KEY.at, KEY.size) == 0) put++;
      return put;
    }
  `;
  const limits = { sharedDataBytesMax: 100, queueItemsMax: 2 };
  const { root, services } = await openAssembly(source, { limits });
  const stream = root.openStream(new FakeStream());
  expect(stream.onRequestHeaders(97, true)).toBe(0);
  expect(stream.onRequestHeaders(98, true)).not.toBe(0);
  expect(stream.onResponseHeaders(4, true)).toBe(2);
  expect(services.lines[0]).toContain('at most 100 bytes of keys and values (limits.sharedData)');
  expect(services.lines[1]).toContain('a queue has at most 2 items (limits.queueItems)');
});

test('host calls and callbacks that are not among the capabilities do nothing but say so', async () => {
  const source = `
    const NAME = new Text('x-a');
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 { return setHeader(0, NAME, NAME) == 0 ? 0 : 1; }
    export function proxy_on_response_headers(id: i32, n: i32, end: i32): i32 { return getHeader(2, NAME) == 10 ? 2 : 0; }
  `;
  const bytes = await compileAssembly(source);
  const names = ['proxy_on_request_headers', 'proxy_replace_header_map_value', 'proxy_log'];
  const only = await openBytes(bytes, { capabilities: names });
  const first = only.root.openStream(new FakeStream());
  expect(first.onRequestHeaders(1, true)).toBe(0);
  expect(only.vm.has.onResponseHeaders).toBe(false);
  expect(first.onResponseHeaders(1, true)).toBe(0);
  const other = await openBytes(bytes, { capabilities: ['proxy_on_response_headers'] });
  expect(other.root.openStream(new FakeStream()).onResponseHeaders(1, true)).toBe(2);
  expect(other.services.lines).toEqual([
    "error called proxy_get_header_map_value, which the plugin's capabilities do not include",
  ]);
});
