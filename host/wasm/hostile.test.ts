import { expect, test } from 'vitest';
import { compileAssembly } from './fixtures/assembly.ts';
import { fakeServices } from './fixtures/fake-services.ts';
import { FakeStream } from './fixtures/fake-stream.ts';
import { type BuiltFunction, buildFilter } from './fixtures/module-builder.ts';
import { openAssembly, openBytes, startVm } from './fixtures/open-vm.ts';
import { TRAPPED } from './vm.ts';

const GET_PAIRS = { module: 'env', name: 'proxy_get_header_map_pairs', type: 'iii>i' };
/** Asks for the request's headers; the two imports and the marker come first. */
const ASK: BuiltFunction = { type: 'iii>i', code: [0x41, 0, 0x41, 0, 0x41, 4, 0x10, 0] };

/** A filter with that allocator, which may call import 0 (pairs) and import 1 (define a metric). */
async function withAllocator(code: readonly number[]) {
  const bytes = buildFilter(
    { proxy_on_memory_allocate: { type: 'i>i', code }, proxy_on_request_headers: ASK },
    {
      imports: [GET_PAIRS, { module: 'env', name: 'proxy_define_metric', type: 'iiii>i' }],
      memory: [1, 1, 4],
    },
  );
  const { vm, root } = await openBytes(bytes);
  const context = root.openStream(new FakeStream());
  return { vm, context, result: context.onRequestHeaders(1, true) };
}

const BAD_ALLOCATORS: Readonly<Record<string, [number[], string]>> = {
  'returns 0': [[0x41, 0], 'LAT0354 its allocator returned 0 when asked for'],
  'returns -1': [[0x41, 0x7f], 'LAT0354 its allocator returned 4294967295, beyond its memory'],
  'returns the last byte': [
    [0x41, 0xff, 0xff, 0x03],
    'LAT0354 its allocator returned 65535, beyond',
  ],
  traps: [[0x00], 'LAT0350 trapped in proxy_on_request_headers: unreachable'],
  'calls the host': [
    [0x41, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0x10, 1],
    'LAT0353 called proxy_define_metric while allocating',
  ],
  'calls the host call that it serves': [
    [0x41, 0, 0x41, 0, 0x41, 0, 0x10, 0],
    'LAT0353 called proxy_get_header_map_pairs while allocating',
  ],
  'recurses without end': [[0x20, 0, 0x10, 3], 'LAT0352 overflowed the stack'],
};

for (const [what, [code, expected]] of Object.entries(BAD_ALLOCATORS)) {
  test(`an allocator that ${what} ends its guest, and nothing else`, async () => {
    const { vm, context, result } = await withAllocator(code);
    expect(result).toBe(TRAPPED);
    expect(vm.alive).toBe(false);
    expect(`${vm.fault?.code} ${vm.fault?.message}`).toContain(expected);
    expect(context.onResponseHeaders(1, true)).toBe(TRAPPED);
    expect(context.onRoute(1)).toBe(TRAPPED);
    context.close(true);
  });
}

const GOOD_ALLOCATORS: Readonly<Record<string, number[]>> = {
  'grows the memory': [0x41, 1, 0x40, 0, 0x41, 16, 0x74],
  'returns an odd address': [0x41, 0x81, 0x08],
  'returns the same block each time': [0x41, 0x80, 0x08],
};

for (const [what, code] of Object.entries(GOOD_ALLOCATORS)) {
  test(`an allocator that ${what} is served`, async () => {
    const { vm, result, context } = await withAllocator(code);
    expect(vm.fault).toBeNull();
    expect(result).toBe(0);
    const size = vm.u32(4);
    expect(vm.u32(vm.u32(0))).toBe(7);
    expect(size).toBeGreaterThan(100);
    expect(context.onRequestHeaders(1, true)).toBe(0);
    expect(vm.latin1(vm.u32(0), size)).toContain('/reviews/1?x=y');
  });
}

test("an abort of AssemblyScript's says what, in which file and line", async () => {
  const source = `
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      const list = new Array<i32>();
      assert(list.length == 1, 'expected one thing');
      return 0;
    }
  `;
  const { root, vm } = await openAssembly(source);
  root.openStream(new FakeStream()).onRequestHeaders(1, true);
  expect(vm.fault?.code).toBe('LAT0350');
  expect(vm.fault?.message).toMatch(
    /^aborted: expected one thing at main\.ts:\d+:\d+ \(in proxy_on_request_headers\)$/,
  );
});

test('an abort with wild pointers is an abort without a text', async () => {
  const abort = { module: 'env', name: 'abort', type: 'iiii>' };
  for (const pointer of [[0x7f], [0x01], [0x08], [0xfc, 0xff, 0x03]]) {
    const code = [0x41, ...pointer, 0x41, ...pointer, 0x41, 1, 0x41, 2, 0x10, 0, 0x41, 0];
    const bytes = buildFilter(
      { proxy_on_request_headers: { type: 'iii>i', code } },
      { imports: [abort] },
    );
    const { root, vm } = await openBytes(bytes);
    root.openStream(new FakeStream()).onRequestHeaders(1, true);
    expect(vm.fault?.message).toBe('aborted:  at :1:2 (in proxy_on_request_headers)');
  }
});

const exit = { module: 'wasi_snapshot_preview1', name: 'proc_exit', type: 'i>' };

test('a command that ends its start with exit code 0 has started', async () => {
  const bytes = buildFilter(
    { _start: { type: '>', code: [0x41, 0, 0x10, 0, 0x00] } },
    { imports: [exit] },
  );
  expect((await startVm(bytes)).alive).toBe(true);
});

test('a module that exits later, or with another code, is dead', async () => {
  const bad = buildFilter(
    { _start: { type: '>', code: [0x41, 3, 0x10, 0, 0x00] } },
    { imports: [exit] },
  );
  await expect(startVm(bad)).rejects.toThrow('LAT0355 exited with code 3 in _start');
  const late = buildFilter(
    { proxy_on_request_headers: { type: 'iii>i', code: [0x41, 0, 0x10, 0, 0x41, 0] } },
    { imports: [exit] },
  );
  const { root, vm } = await openBytes(late);
  expect(root.openStream(new FakeStream()).onRequestHeaders(1, true)).toBe(TRAPPED);
  expect(vm.fault?.code).toBe('LAT0355');
});

test('a data segment beyond the memory is refused when the module is instantiated', async () => {
  const segment = [1, 0, 0x41, 0x80, 0x80, 0x04, 0x0b, 1, 0x55];
  const bytes = buildFilter({}, { raw: { 11: segment } });
  await expect(startVm(bytes)).rejects.toThrow('LAT0347 cannot be instantiated');
});

test('a log line cannot forge another one, nor be longer than its limit', async () => {
  const source = `
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      say(2, 'one\\ntwo\\x1b[31m');
      const size = 1 << 20;
      env.proxy_log(2, heap.alloc(size), size);
      return env.proxy_log(9, 0, 0);
    }
  `;
  const { root, services } = await openAssembly(source);
  expect(root.openStream(new FakeStream()).onRequestHeaders(1, true)).toBe(2);
  expect(services.lines[0]).toBe('info one\\ntwo\\x1b[31m');
  expect(services.lines[1].length).toBeLessThanOrEqual(4 * 16 * 1024 + 5);
});

test('a flood of lines is cut off, and said to be', async () => {
  const source = `
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      for (let i = 0; i < 300; i++) say(2, 'flood');
      return 0;
    }
  `;
  const { root, services } = await openAssembly(source, { limits: { logLinesPerSecondMax: 100 } });
  root.openStream(new FakeStream()).onRequestHeaders(1, true);
  expect(services.lines.slice(99)).toEqual(['info flood']);
  services.clock.advance(1000);
  root.openStream(new FakeStream()).onRequestHeaders(1, true);
  expect(services.lines[100]).toBe(
    'warn 200 lines of the module were dropped (limits.logLinesPerSecond)',
  );
});

test('a million metrics are refused beyond the limit', async () => {
  const source = `
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      let made = 0;
      for (let i = 0; i < 100; i++) {
        const name = String.UTF8.encode('m' + i.toString());
        if (env.proxy_define_metric(0, changetype<usize>(name), name.byteLength, OUT) == 0) made++;
      }
      say(2, made.toString());
      return 0;
    }
  `;
  const { root, services } = await openAssembly(source, { limits: { metricsMax: 40 } });
  root.openStream(new FakeStream()).onRequestHeaders(1, true);
  expect(services.lines).toEqual(['info 40']);
});

test('a module nobody vouches for opens no file', async () => {
  const source = `
    export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
      say(2, foreign('lateen.sink_open', String.UTF8.encode('/etc/passwd')).toString());
      say(2, foreign('lateen.sink_open', String.UTF8.encode('/dev/stdout')).toString());
      return 0;
    }
  `;
  const bytes = await compileAssembly(source);
  const strangers = fakeServices();
  const ours = fakeServices();
  for (const [services, trusted] of [
    [strangers, false],
    [ours, true],
  ] as const) {
    const { root } = await openBytes(bytes, { services, trusted });
    root.openStream(new FakeStream()).onRequestHeaders(1, true);
  }
  expect(strangers.lines).toEqual(['info 2', 'info 0']);
  expect(ours.lines).toEqual(['info 0', 'info 0']);
});

test('what a module does in its last callbacks reaches nobody', async () => {
  const source = `
    const N = new Text('x-late');
    export function proxy_on_log(id: i32): void {
      say(2, env.proxy_send_local_response(200, 0, 0, 0, 0, 0, 0, 0).toString());
    }
    export function proxy_on_delete(id: i32): void { env.proxy_set_tick_period_milliseconds(5); }
    export function proxy_on_tick(root: i32): void { say(2, 'late ' + setHeader(0, N, N).toString()); }
  `;
  const { root, services } = await openAssembly(source);
  const stream = new FakeStream();
  const context = root.openStream(stream);
  context.close(true);
  context.close(true);
  services.clock.advance(5);
  expect(services.lines).toEqual(['info 0', 'info late 2']);
});
