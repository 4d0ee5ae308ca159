import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BuiltFunction,
  buildFilter,
  buildModule,
  FILTER_FUNCTIONS,
  leb,
  text,
  vector,
} from './fixtures/module-builder.ts';
import { DEFAULT_MODULE_LIMITS } from './limits.ts';
import { compileModule } from './module.ts';

const LIMITS = DEFAULT_MODULE_LIMITS;
const MARKER = { proxy_abi_version_0_2_1: FILTER_FUNCTIONS['proxy_abi_version_0_2_1'] };
const ALLOCATOR = { proxy_on_memory_allocate: FILTER_FUNCTIONS['proxy_on_memory_allocate'] };
const nothing: BuiltFunction = { type: '>', code: [] };

/** `code message` of the refusal, or `accepted`. */
async function verdict(bytes: Uint8Array): Promise<string> {
  const compiled = await compileModule({ name: 'm', bytes, trusted: false, limits: LIMITS });
  if (compiled.ok) return 'accepted';
  const { code, message, fix } = compiled.error;
  return fix === undefined ? `${code} ${message}` : `${code} ${message}; ${fix}`;
}

test('a filter by hand is accepted, with its digest, ABI and exports', async () => {
  const bytes = buildFilter({});
  const compiled = await compileModule({ name: 'm', bytes, trusted: false, limits: LIMITS });
  if (!compiled.ok) throw new Error(compiled.error.message);
  expect(compiled.value.abi).toBe('0.2.1');
  expect(compiled.value.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(compiled.value.exports.has('proxy_on_memory_allocate')).toBe(true);
  expect(compiled.value.byteLength).toBe(bytes.length);
  expect(structuredClone(compiled.value.exports)).toEqual(compiled.value.exports);
});

const ARTEFACTS: Readonly<Record<string, [Uint8Array, string]>> = {
  nothing: [new Uint8Array(0), 'LAT0340 is empty'],
  'a text': [
    Buffer.from('hello world'),
    'LAT0340 is not WebAssembly: it does not begin with \\0asm',
  ],
  'an HTML page': [Buffer.from('<!doctype html>'), 'LAT0340 is a text like HTML'],
  gzip: [gzipSync(buildFilter({})), 'LAT0340 is gzip'],
  'version 2': [Buffer.from('0061736d02000000', 'hex'), 'LAT0340 is cut off or of an unknown'],
  'a component': [Buffer.from('0061736d0d000100', 'hex'), 'LAT0346 is a component'],
  'trailing bytes': [Buffer.concat([buildFilter({}), Buffer.from('zzzz')]), 'LAT0340 is no valid'],
  'an empty module': [Buffer.from('0061736d01000000', 'hex'), 'LAT0345 exports no memory'],
  'too many bytes': [Buffer.alloc(LIMITS.moduleBytesMax + 1), 'LAT0341 has 33554433 bytes'],
};

for (const [what, [bytes, expected]] of Object.entries(ARTEFACTS)) {
  test(`${what} is refused by name`, async () => {
    expect(await verdict(bytes)).toContain(expected);
  });
}

test('a module cut off at any byte is refused', async () => {
  const bytes = buildFilter({ a: { type: 'ii>i', code: [0x20, 0, 0x20, 1, 0x6a] } });
  for (let length = 0; length < bytes.length; length++) {
    expect(await verdict(bytes.subarray(0, length))).not.toBe('accepted');
  }
});

test('a module with any bytes changed is refused or accepted, never more', async () => {
  const bytes = buildFilter({ a: { type: 'ii>i', code: [0x20, 0, 0x20, 1, 0x6a], locals: 3 } });
  const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const changed = Uint8Array.from(bytes);
      for (const [at, value] of changes) changed[at] = value;
      expect(await verdict(changed)).toMatch(/^(accepted|LAT034\d .+)$/);
    }),
    { numRuns: 2000 },
  );
});

const two = { proxy_abi_version_0_2_0: nothing };
const callback = (type: string): Record<string, BuiltFunction> => ({
  proxy_on_request_headers: { type, code: type.endsWith('i') ? [0x41, 0] : [] },
});
const env = (name: string, type: string, module = 'env') => ({
  imports: [{ module, name, type }],
});
const memoryImport = [...vector([[...text('env'), ...text('memory'), 2, 0, 1]])];
const tableImport = [...vector([[...text('env'), ...text('t'), 1, 0x70, 0, 1]])];

const SHAPES: Readonly<Record<string, [Uint8Array, string]>> = {
  'no ABI marker': [
    buildModule({ functions: ALLOCATOR }),
    'LAT0342 exports no proxy_abi_version_*',
  ],
  'an unknown ABI': [
    buildModule({ functions: { ...ALLOCATOR, proxy_abi_version_0_3_0: nothing } }),
    'LAT0342 exports proxy_abi_version_0_3_0; this host speaks',
  ],
  'two ABIs': [buildFilter(two), 'LAT0342 declares more than one ABI'],
  'no allocator': [buildModule({ functions: MARKER }), 'LAT0345 exports neither'],
  'no memory': [buildFilter({}, { memory: null }), 'LAT0345 exports no memory'],
  'an imported memory': [
    buildFilter({}, { memory: null, raw: { 2: memoryImport } }),
    'LAT0346 imports a memory, env.memory; it must define and export its own',
  ],
  'an imported table': [buildFilter({}, { raw: { 2: tableImport } }), 'LAT0346 imports a table'],
  'an unknown host call': [
    buildFilter({}, env('proxy_get_headers_map_value', 'iiiii>i')),
    'LAT0343 imports env.proxy_get_headers_map_value, which this host does not have; did you mean proxy_get_header_map_value?',
  ],
  'an unknown import module': [
    buildFilter({}, env('fd_write', 'iiii>i', 'wasi_snapshot_preview2')),
    'LAT0343 imports wasi_snapshot_preview2.fd_write',
  ],
  'an import called like an object property': [
    buildFilter({}, env('constructor', '>', '__proto__')),
    'LAT0343 imports __proto__.constructor',
  ],
  'a host call of another type': [
    buildFilter({}, env('proxy_log', 'ii>i')),
    'LAT0344 import env.proxy_log has the type (i32, i32) -> (i32), expected (i32, i32, i32) -> (i32)',
  ],
  'a callback of another type': [
    buildFilter(callback('i>')),
    'LAT0344 export proxy_on_request_headers has the type (i32) -> ()',
  ],
  'a callback that is a global': [
    buildFilter({}, { globals: 1, exports: [['proxy_on_request_headers', 3, 0]] }),
    'LAT0344 export proxy_on_request_headers is no function',
  ],
  "the host's own names": [
    buildFilter({ 'lateen.start': nothing }),
    'LAT0346 exports lateen.start',
  ],
  'shared memory': [buildFilter({}, { memory: [3, 1, 2] }), 'LAT0346 uses shared memory'],
  '64-bit memory': [buildFilter({}, { memory: [4, 1] }), 'LAT0346 uses 64-bit addresses'],
  'two memories': [
    buildFilter(
      {},
      {
        raw: {
          5: vector([
            [0, 1],
            [0, 1],
          ]),
        },
      },
    ),
    'LAT0341 section memory has 2 entries, the limit is 1',
  ],
  '65,536 pages': [
    buildFilter({}, { memory: [0, ...leb(65536)] }),
    'LAT0341 starts with 65536 pages of memory (4096Mi), the limit is 1024 (64Mi)',
  ],
  'a table of 10 million': [
    buildFilter({}, { table: [0, ...leb(10_000_000)] }),
    'LAT0341 wants tables of 10000000 entries',
  ],
  'garbage-collected types': [
    buildFilter({}, { raw: { 1: vector([[0x5f, 0]]) } }),
    'LAT0346 uses garbage-collected types',
  ],
  'exception handling': [
    buildFilter({ f: { type: '>', code: [0x06, 0x40, 0x19, 0x0b] } }),
    'LAT0346 uses exception handling',
  ],
  'atomic instructions': [
    buildFilter({ f: { type: '>', code: [0xfe, 0x03, 0x00] } }),
    'LAT0346 uses threads',
  ],
  'a million functions': [
    buildFilter({}, { raw: { 3: [...leb(1_000_000), 0] } }),
    'LAT0341 section function has 1000000 entries',
  ],
  'a function of 2.5 million bytes': [
    buildFilter({ f: { type: '>', code: new Array<number>(2_500_000).fill(0x01) } }),
    'LAT0341 function 2 has 2500002 bytes',
  ],
  '49,000 locals': [
    buildFilter({ f: { type: '>', code: [], locals: 49_000 } }),
    'LAT0341 function 2 has 49000 locals',
  ],
  'code that does not validate': [
    buildFilter({ f: { type: '>i', code: [] } }),
    'LAT0347 does not compile',
  ],
};

for (const [what, [bytes, expected]] of Object.entries(SHAPES)) {
  test(`${what} is refused by name`, async () => {
    expect(await verdict(bytes)).toContain(expected);
  });
}

const FINE: Readonly<Record<string, Uint8Array>> = {
  'ABI 0.1.0 with its shorter header callback': buildModule({
    functions: { ...ALLOCATOR, proxy_abi_version_0_1_0: nothing, ...callback('ii>i') },
  }),
  malloc: buildModule({ functions: { ...MARKER, malloc: { type: 'i>i', code: [0x41, 8] } } }),
  'a start section': buildFilter({ begin: nothing }, { start: 'begin' }),
  'a custom section': buildFilter({}, { raw: { 0: [...text('producers'), 1, 2, 3] } }),
  'SIMD and bulk memory': buildFilter({
    f: {
      type: '>',
      // v128.const, drop, i32.const x3, memory.fill
      code: [
        0xfd,
        12,
        ...new Array<number>(16).fill(1),
        0x1a,
        0x41,
        0,
        0x41,
        0,
        0x41,
        4,
        0xfc,
        11,
        0,
      ],
    },
  }),
};

for (const [what, bytes] of Object.entries(FINE)) {
  test(`${what} is accepted`, async () => {
    expect(await verdict(bytes)).toBe('accepted');
  });
}

test('hostile numbers are refused before they cost anything', async () => {
  const before = process.memoryUsage().rss;
  const started = performance.now();
  for (let round = 0; round < 20; round++) {
    for (const [bytes] of Object.values(SHAPES)) await verdict(bytes);
  }
  expect((performance.now() - started) / 20 / Object.keys(SHAPES).length).toBeLessThan(100);
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
});

test('a name with a line break in it does not break a line of the log', async () => {
  const bytes = Buffer.from(buildFilter({ a: { type: '>', code: [] } }));
  bytes[bytes.indexOf('proxy_abi_version_') + 'proxy_abi_version_'.length] = 10;
  expect(await verdict(bytes)).toContain('proxy_abi_version_\\x0a');
});
