import { PLUGIN_LIMITS } from '@lateen/sdk/xds/plugin-limits';
import { expect, test } from 'vitest';
import { compileAssembly } from '../fixtures/assembly.ts';
import { fakeServices } from '../fixtures/fake-services.ts';
import { FakeStream } from '../fixtures/fake-stream.ts';
import { type BuiltFunction, buildFilter } from '../fixtures/module-builder.ts';
import { openBytes, type TestVmOptions } from '../fixtures/open-vm.ts';
import { TRAPPED } from '../vm.ts';

/** Instructions, for reading. */
const LOOP = [0x03, 0x40];
const END = [0x0b];
const BR = (depth: number) => [0x0c, depth];
const BR_IF = (depth: number) => [0x0d, depth];
const CALL = (index: number) => [0x10, index];
const RETURN_CALL = (index: number) => [0x12, index];
const I32 = (value: number) => [0x41, ...signed(value)];
const GET = (local: number) => [0x20, local];
const DROP = [0x1a];
const MEMORY_GROW = [0x40, 0];
const MEMORY_FILL = [0xfc, 11, 0];
const MEMORY_COPY = [0xfc, 10, 0, 0];
const TABLE_GROW = [0xfc, 15, 0];
const TABLE_FILL = [0xfc, 17, 0];
const TABLE_COPY = [0xfc, 14, 0, 0];
const TABLE_SET = [0x26, 0];
/** Of the type `()`, the marker's: the first one. */
const CALL_INDIRECT = [0x11, 0, 0];
const REF_NULL_FUNC = [0xd0, 0x70];
const UNREACHABLE = [0x00];
const I64_DIV = [0x42, 7, 0x42, 3, 0x7f, 0x1a];

const forever = (code: readonly number[]) => [...LOOP, ...code, ...BR(0), ...END, ...UNREACHABLE];
const callback = (code: readonly number[]): Record<string, BuiltFunction> => ({
  proxy_on_request_headers: { type: 'iii>i', code },
});

/** Programs that never end; the callback is function 2 behind the marker and the allocator. */
const RUNAWAYS: Readonly<Record<string, { code: number[]; more?: Record<string, BuiltFunction> }>> =
  {
    'an empty loop': { code: forever([]) },
    'a conditional loop': { code: [...LOOP, ...I32(1), ...BR_IF(0), ...END, ...I32(0)] },
    'a loop of divisions': { code: forever(I64_DIV) },
    'a loop with a long body': { code: forever(repeat([...I32(1), ...DROP], 10_000)) },
    'nested loops': { code: forever(forever([])) },
    'a loop that calls a short function': {
      code: forever([...CALL(3)]),
      more: { short: { type: '>', code: repeat(I64_DIV, 2) } },
    },
    'a loop that calls a long function': {
      code: forever([...CALL(3)]),
      more: { long: { type: '>', code: repeat(I64_DIV, 30) } },
    },
    'a tail call to itself': {
      code: [...GET(0), ...GET(1), ...GET(2), ...RETURN_CALL(2)],
    },
    'two functions that tail call each other': {
      code: [...GET(0), ...GET(1), ...GET(2), ...RETURN_CALL(3)],
      more: {
        other: { type: 'iii>i', code: [...GET(0), ...GET(1), ...GET(2), ...RETURN_CALL(2)] },
      },
    },
    'an exponential recursion': {
      code: [...GET(0), ...I32(60), 0x6a, ...CALL(3)],
      more: {
        fib: {
          type: 'i>i',
          code: [
            ...GET(0),
            ...I32(2),
            0x48,
            ...[0x04, 0x7f],
            ...GET(0),
            0x05,
            ...[...GET(0), ...I32(1), 0x6b, ...CALL(3)],
            ...[...GET(0), ...I32(2), 0x6b, ...CALL(3)],
            0x6a,
            ...END,
          ],
        },
      },
    },
    'a loop of memory.grow by nothing': {
      code: forever([...I32(0), ...MEMORY_GROW, ...DROP]),
    },
    'a loop of memory.grow by a page': {
      code: forever([...I32(1), ...MEMORY_GROW, ...DROP]),
    },
    'a loop of fills': {
      code: forever([...I32(0), ...I32(0), ...I32(65536), ...MEMORY_FILL]),
    },
    'a loop of copies': {
      code: forever([...I32(0), ...I32(1), ...I32(65535), ...MEMORY_COPY]),
    },
    'a loop of fills of tables': {
      code: [
        ...[...REF_NULL_FUNC, ...I32(100_000), ...TABLE_GROW, ...DROP],
        ...forever([...I32(0), ...REF_NULL_FUNC, ...I32(100_000), ...TABLE_FILL]),
      ],
    },
    'a loop of copies of tables': {
      code: [
        ...[...REF_NULL_FUNC, ...I32(100_000), ...TABLE_GROW, ...DROP],
        ...forever([...I32(0), ...I32(1), ...I32(90_000), ...TABLE_COPY]),
      ],
    },
    'a loop of empty fills': {
      code: forever([...I32(0), ...I32(0), ...I32(0), ...MEMORY_FILL]),
    },
    'a loop of square roots': { code: forever([0x44, 1, 2, 3, 4, 5, 6, 7, 8, 0x9f, ...DROP]) },
    'a loop of remainders': { code: forever(repeat([...GET(0), ...I32(7), 0x6f, ...DROP], 50)) },
    'a loop of indirect calls': {
      code: [
        ...[...REF_NULL_FUNC, ...I32(1), ...TABLE_GROW, ...DROP],
        ...[...I32(0), 0xd2, 3, ...TABLE_SET],
        ...forever([...I32(0), ...CALL_INDIRECT]),
      ],
      more: { short: { type: '>', code: [] } },
    },
    'a loop of table.grow': {
      code: forever([...REF_NULL_FUNC, ...I32(1000), ...TABLE_GROW, ...DROP]),
    },
  };

/** What a callback may hold a worker for, with the most fuel that a plugin can be given. */
const LIMIT_MS = 50;
const { max: FUEL_MOST } = PLUGIN_LIMITS.fuelPerCallback;
const UNITS = FUEL_MOST.toLocaleString('en');

for (const [what, { code, more }] of Object.entries(RUNAWAYS)) {
  test(`${what} in a callback ends for lack of fuel`, async () => {
    const bytes = buildFilter({ ...callback(code), ...more }, { table: [0, 0] });
    const limits = { fuelPerCall: FUEL_MOST, fuelPerRequest: FUEL_MOST };
    const { root, vm } = await openBytes(bytes, { limits });
    const context = root.openStream(new FakeStream());
    const ms = cpuMs(() => context.onRequestHeaders(1, true));
    expect(vm.alive).toBe(false);
    expect(vm.fault?.code).toBe('LAT0351');
    expect(vm.fault?.message).toContain(
      `used up its ${UNITS} units of fuel in proxy_on_request_headers`,
    );
    expect(ms).toBeLessThan(LIMIT_MS);
    expect(context.onRequestHeaders(1, true)).toBe(TRAPPED);
  });
}

const EVERYWHERE: Readonly<Record<string, string>> = {
  _initialize: '>',
  proxy_on_context_create: 'ii>',
  proxy_on_vm_start: 'ii>i',
  proxy_on_configure: 'ii>i',
};

for (const [name, type] of Object.entries(EVERYWHERE)) {
  test(`an endless loop in ${name} is refused by name`, async () => {
    const bytes = buildFilter({ [name]: { type, code: forever([]) } });
    await expect(openBytes(bytes)).rejects.toThrow(
      `LAT0351 used up its 40,000,000 units of fuel in ${name}`,
    );
  });
}

test('an endless loop in the start section is refused by name', async () => {
  const bytes = buildFilter({ begin: { type: '>', code: forever([]) } }, { start: 'begin' });
  await expect(openBytes(bytes)).rejects.toThrow('fuel in lateen.start');
});

test('an endless loop in the allocator ends the guest', async () => {
  const source = `
    const NAME = new Text(':path');
    export function malloc(size: i32): i32 { return 0; }
    export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 { return getHeader(0, NAME); }
  `;
  const bytes = await compileAssembly(source);
  const looping = buildFilter(
    {
      proxy_on_memory_allocate: { type: 'i>i', code: forever([]) },
      proxy_on_request_headers: {
        type: 'iii>i',
        code: [...I32(0), ...I32(0), ...I32(0), ...CALL(0)],
      },
    },
    { imports: [{ module: 'env', name: 'proxy_get_header_map_pairs', type: 'iii>i' }] },
  );
  expect((await runOnce(bytes)).fault).toBeNull();
  expect((await runOnce(looping)).fault?.code).toBe('LAT0351');
});

const scratch = (count: number) => Array.from({ length: count }, () => I32(64)).flat();
/** Host calls that do something each time, with their arguments. */
const HOST_CALLS: Readonly<Record<string, [string, number[]]>> = {
  proxy_get_header_map_size: ['ii>i', [...I32(0), ...I32(64)]],
  proxy_get_header_map_pairs: ['iii>i', [...I32(0), ...scratch(2)]],
  proxy_get_header_map_value: ['iiiii>i', [...I32(0), ...scratch(4)]],
  proxy_add_header_map_value: [
    'iiiii>i',
    [...I32(0), ...I32(64), ...I32(1), ...I32(64), ...I32(1)],
  ],
  proxy_log: ['iii>i', [...I32(2), ...scratch(2)]],
  proxy_set_shared_data: ['iiiii>i', [...scratch(4), ...I32(0)]],
  proxy_define_metric: ['iiii>i', [...I32(0), ...scratch(3)]],
  proxy_get_property: ['iiii>i', scratch(4)],
  proxy_set_property: ['iiii>i', scratch(4)],
  proxy_set_tick_period_milliseconds: ['i>i', I32(64)],
  proxy_send_local_response: ['iiiiiiii>i', [...I32(200), ...scratch(6), ...I32(0)]],
  proxy_call_foreign_function: ['iiiiii>i', scratch(6)],
};

for (const [name, [type, args]] of Object.entries(HOST_CALLS)) {
  test(`a loop of ${name} ends for lack of fuel, whatever it answers`, async () => {
    const bytes = buildFilter(callback(forever([...args, ...CALL(0), ...DROP])), {
      imports: [{ module: 'env', name, type }],
    });
    const limits = { fuelPerCall: FUEL_MOST, fuelPerRequest: FUEL_MOST };
    const { root, vm } = await openBytes(bytes, { limits });
    const context = root.openStream(new FakeStream());
    const ms = cpuMs(() => context.onRequestHeaders(1, true));
    expect(vm.fault?.code).toBe('LAT0351');
    expect(ms).toBeLessThan(LIMIT_MS);
  });
}

test('endless recursion ends with a stack overflow', async () => {
  const bytes = buildFilter({
    ...callback([...I32(0), ...CALL(3)]),
    deep: { type: 'i>i', code: [...GET(0), ...CALL(3), ...I32(1), 0x6a] },
  });
  expect((await runOnce(bytes)).fault?.code).toMatch(/LAT035[12]/);
});

test('endless recursion in a trusted module is a stack overflow', async () => {
  const bytes = buildFilter({
    ...callback([...I32(0), ...CALL(3)]),
    deep: { type: 'i>i', code: [...GET(0), ...CALL(3), ...I32(1), 0x6a] },
  });
  expect((await runOnce(bytes, { trusted: true })).fault?.code).toBe('LAT0352');
});

test('memory and tables stop growing at their caps', async () => {
  const grow = buildFilter(
    {
      proxy_on_request_headers: {
        type: 'iii>i',
        code: [...I32(100_000), ...MEMORY_GROW, ...I32(-1), 0x46],
      },
      proxy_on_response_headers: {
        type: 'iii>i',
        code: [...REF_NULL_FUNC, ...I32(300_000), ...TABLE_GROW, ...I32(-1), 0x46],
      },
    },
    { table: [0, 0] },
  );
  const { root } = await openBytes(grow);
  const context = root.openStream(new FakeStream());
  expect(context.onRequestHeaders(0, true)).toBe(1);
  expect(context.onResponseHeaders(0, true)).toBe(1);
});

test('a guest cannot reach the fuel that the host added', async () => {
  const refill = buildFilter(callback([...I32(1_000_000), 0x24, 0, ...I32(0)]));
  await expect(openBytes(refill)).rejects.toThrow('global 0 does not exist');
});

test('the same module computes the same with and without fuel', async () => {
  const source = `
    function mix(seed: u32): u32 {
      let h = seed;
      const list = new Array<u32>();
      for (let i = 0; i < 2000; i++) {
        h = (h ^ i) * 16777619;
        if ((h & 3) == 0) list.push(h); else if ((h & 7) == 5) h = h / 3 + 1;
        switch (h % 5) { case 0: h += 7; break; case 1: h -= 3; break; case 3: h ^= 0xff; break; default: break; }
      }
      memory.fill(1024, 7, 64);
      return h ^ list.length ^ list.map<u32>((x) => x >> 3).reduce<u32>((a, b) => a ^ b, 0);
    }
    export function lateen_on_route(id: i32, config: i32): u32 { return mix(config); }
  `;
  const bytes = await compileAssembly(source);
  const metered = await openBytes(bytes);
  const plain = await openBytes(bytes, { trusted: true });
  const a = metered.root.openStream(new FakeStream());
  const b = plain.root.openStream(new FakeStream());
  for (let seed = 1; seed < 60; seed++) expect(a.onRoute(seed)).toBe(b.onRoute(seed));
  expect(metered.vm.fault).toBeNull();
});

async function runOnce(bytes: Uint8Array, options: TestVmOptions = {}) {
  const services = fakeServices();
  const { root, vm } = await openBytes(bytes, { ...options, services });
  root.openStream(new FakeStream()).onRequestHeaders(1, true);
  return vm;
}

/** Processor time, because other processes run beside the tests. */
function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

function repeat(code: readonly number[], times: number): number[] {
  return Array.from({ length: times }, () => code).flat();
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(last ? byte : byte | 0x80);
    if (last) return bytes;
  }
}
