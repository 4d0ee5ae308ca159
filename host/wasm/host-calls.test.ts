import * as status from '@lateen/sdk/abi/status';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { headerName } from '../http/header-map.ts';
import { fakeServices } from './fixtures/fake-services.ts';
import { openProbe, PROBED_CALLS, type Probe } from './fixtures/probe.ts';
import { Guest } from './guest.ts';
import { buildImports } from './imports/build-imports.ts';
import { ENV_SIGNATURES, WASI_SIGNATURES } from './imports/signatures.ts';
import { DEFAULT_VM_LIMITS } from './limits.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
afterAll(() => probe.vm.close());

const OUT = 4096;
const out = () => probe.scratch + OUT;

test('the tables of signatures name exactly what the host has', () => {
  const options = {
    vmId: '',
    vmConfiguration: new Uint8Array(0),
    environment: {},
    limits: DEFAULT_VM_LIMITS,
    capabilities: [],
  };
  const compiled = probe.vm.compiled;
  const imports = buildImports(new Guest(compiled, options, fakeServices()));
  expect(Object.keys(imports['env']).sort()).toEqual(Object.keys(ENV_SIGNATURES).sort());
  for (const module of ['wasi_snapshot_preview1', 'wasi_unstable']) {
    expect(Object.keys(imports[module]).sort()).toEqual(Object.keys(WASI_SIGNATURES).sort());
  }
});

test('a header is found whatever the case of its name, its first value first', () => {
  const { scratch } = probe;
  expect(
    probe.call('proxy_get_header_map_value', [0, scratch, 6, out(), out() + 4], 'X-MANY'),
  ).toBe(status.OK);
  expect(probe.answer(out()).toString()).toBe('one');
});

test('a header that is not there is NOT_FOUND, a map that is not there BAD_ARGUMENT', () => {
  const { scratch } = probe;
  const get = (map: number) =>
    probe.call('proxy_get_header_map_value', [map, scratch, 4, out(), out() + 4], 'none');
  expect(get(0)).toBe(status.NOT_FOUND);
  expect(get(1)).toBe(status.BAD_ARGUMENT);
  expect(get(6)).toBe(status.BAD_ARGUMENT);
  expect(get(99)).toBe(status.BAD_ARGUMENT);
  expect(get(-1)).toBe(status.BAD_ARGUMENT);
});

test('the pairs of a map that is not there are empty', () => {
  expect(probe.call('proxy_get_header_map_pairs', [3, out(), out() + 4])).toBe(status.OK);
  expect(probe.answer(out()).length).toBe(0);
});

test('an edit that could not be written is refused and changes nothing', () => {
  const { scratch, stream } = probe;
  const replace = (name: string, value: string) =>
    probe.call(
      'proxy_replace_header_map_value',
      [0, scratch, name.length, scratch + name.length, value.length],
      name + value,
    );
  const before = stream.request.toPairs();
  expect(replace('x-a', 'b\r\nx-c: d')).toBe(status.BAD_ARGUMENT);
  expect(replace('x a', 'b')).toBe(status.BAD_ARGUMENT);
  expect(replace('', 'b')).toBe(status.BAD_ARGUMENT);
  expect(replace('x-a', 'nul\0')).toBe(status.BAD_ARGUMENT);
  expect(stream.request.toPairs()).toEqual(before);
  expect(replace('x-a', 'fine')).toBe(status.OK);
  expect(stream.request.get(headerName('x-a'))).toBe('fine');
});

test('a malformed map of pairs is refused and changes nothing', () => {
  const { scratch, stream } = probe;
  const before = stream.request.toPairs();
  const set = (hex: string) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    return probe.call('proxy_set_header_map_pairs', [0, scratch, bytes.length], bytes);
  };
  expect(set('ffffffff')).toBe(status.BAD_ARGUMENT);
  expect(set('01000000 01000000 ffffffff 6100 3100')).toBe(status.BAD_ARGUMENT);
  expect(set('01000000 01000000 01000000 6101 3100')).toBe(status.BAD_ARGUMENT);
  expect(set('01000000 01000000 01000000 6100 3100 00')).toBe(status.BAD_ARGUMENT);
  expect(set('01000000 01000000 02000000 6100 0d0a00')).toBe(status.BAD_ARGUMENT);
  expect(stream.request.toPairs()).toEqual(before);
});

test('a body is read in ranges that end with it, and spliced at any place', () => {
  const { scratch, stream } = probe;
  stream.requestBody.append(Buffer.from('hello '));
  stream.requestBody.append(Buffer.from('world'));
  const read = (start: number, max: number) => {
    const result = probe.call('proxy_get_buffer_bytes', [0, start, max, out(), out() + 4]);
    return result === status.OK ? probe.answer(out()).toString() : result;
  };
  expect(read(0, -1)).toBe('hello world');
  expect(read(4, 4)).toBe('o wo');
  expect(read(100, 5)).toBe('');
  expect(read(1, -1)).toBe(status.BAD_ARGUMENT);
  expect(probe.call('proxy_set_buffer_bytes', [0, 5, 1, scratch, 2], ', ')).toBe(status.OK);
  expect(read(0, -1)).toBe('hello, world');
  expect(probe.call('proxy_get_buffer_bytes', [1, 0, 1, out(), out() + 4])).toBe(status.NOT_FOUND);
  expect(probe.call('proxy_get_buffer_bytes', [9, 0, 1, out(), out() + 4])).toBe(
    status.BAD_ARGUMENT,
  );
});

test('a local reply carries what was given, its details as one word', () => {
  const { scratch, stream } = probe;
  const pairs = Buffer.from('0100000001000000010000006100310000'.slice(0, 32), 'hex');
  const data = Buffer.concat([Buffer.from('no wayBODY'), pairs]);
  const at = scratch + 10;
  const parameters = [403, scratch, 6, scratch + 6, 4, at, pairs.length, -1];
  expect(probe.call('proxy_send_local_response', parameters, data)).toBe(status.OK);
  const reply = stream.replies.at(-1);
  expect(reply).toMatchObject({ status: 403, details: 'no_way', grpcStatus: -1 });
  expect(reply?.headers).toEqual([['a', '1']]);
  expect(Buffer.from(reply?.body ?? []).toString()).toBe('BODY');
  expect(probe.call('proxy_send_local_response', [99, 0, 0, 0, 0, 0, 0, 0])).toBe(
    status.BAD_ARGUMENT,
  );
});

test('shared data is compared and swapped', () => {
  const { scratch } = probe;
  const set = (cas: number) =>
    probe.call('proxy_set_shared_data', [scratch, 3, scratch + 3, 1, cas], 'keyV');
  const get = () =>
    probe.call('proxy_get_shared_data', [scratch, 3, out(), out() + 4, out() + 8], 'key');
  expect(get()).toBe(status.NOT_FOUND);
  expect(set(7)).toBe(status.OK);
  expect(get()).toBe(status.OK);
  const cas = probe.vm.u32(out() + 8);
  expect(cas).not.toBe(0);
  expect(set(cas + 1)).toBe(status.CAS_MISMATCH);
  expect(set(cas)).toBe(status.OK);
  expect(set(cas)).toBe(status.CAS_MISMATCH);
  expect(set(0)).toBe(status.OK);
});

test('a queue is registered, resolved by VM id, filled and emptied', () => {
  const { scratch } = probe;
  const register = () => probe.call('proxy_register_shared_queue', [scratch, 1, out()], 'q');
  const resolve = (text: string, vmSize: number) =>
    probe.call(
      'proxy_resolve_shared_queue',
      [scratch, vmSize, scratch + vmSize, text.length - vmSize, out()],
      text,
    );
  const dequeue = (id: number) => probe.call('proxy_dequeue_shared_queue', [id, out(), out() + 4]);
  const enqueue = (id: number, item: string) =>
    probe.call('proxy_enqueue_shared_queue', [id, scratch, item.length], item);
  expect(resolve('q', 0)).toBe(status.NOT_FOUND);
  expect(register()).toBe(status.OK);
  const id = probe.vm.u32(out());
  expect(id).not.toBe(0);
  expect(resolve('vmq', 2)).toBe(status.OK);
  expect(probe.vm.u32(out())).toBe(id);
  expect(resolve('q', 0)).toBe(status.OK);
  expect(resolve('otherq', 5)).toBe(status.NOT_FOUND);
  expect(dequeue(id)).toBe(status.EMPTY);
  expect(enqueue(id, 'item')).toBe(status.OK);
  expect(dequeue(id)).toBe(status.OK);
  expect(probe.answer(out()).toString()).toBe('item');
  expect(enqueue(id + 1, 'item')).toBe(status.NOT_FOUND);
  expect(dequeue(id + 1)).toBe(status.NOT_FOUND);
});

test('a queue that was neither registered nor resolved here is out of reach', () => {
  const other = probe.services.sharedData.open('elsewhere');
  other.at(Buffer.from('secret'), 0, 6);
  const id = other.register({ queueReady: () => true });
  expect(probe.call('proxy_dequeue_shared_queue', [id, out(), out() + 4])).toBe(status.NOT_FOUND);
  other.close();
});

test('a limit of shared data is named in the log', () => {
  const { scratch, services } = probe;
  const long = 'k'.repeat(5000);
  expect(probe.call('proxy_set_shared_data', [scratch, 5000, scratch, 1, 0], long)).toBe(
    status.INTERNAL_FAILURE,
  );
  expect(services.lines.at(-1)).toBe(
    'warn shared data of VM id "vm": a key has at most 4096 bytes',
  );
});

test('a metric of somebody else cannot be reached', () => {
  const { scratch } = probe;
  expect(probe.call('proxy_define_metric', [0, scratch, 4, out()], 'mine')).toBe(status.OK);
  const id = probe.vm.u32(out());
  expect(probe.call('proxy_increment_metric', [id, 5])).toBe(status.OK);
  expect(probe.call('proxy_get_metric', [id, out()])).toBe(status.OK);
  expect(probe.vm.u32(out())).toBe(5);
  expect(probe.services.values.get('mine')).toBe(5);
  expect(probe.call('proxy_increment_metric', [id + 1, 5])).toBe(status.NOT_FOUND);
});

test('the effective context may only be one of the same plugin', async () => {
  const own = probe.root.openStream(probe.stream);
  expect(probe.call('proxy_set_effective_context', [own.id])).toBe(status.OK);
  expect(probe.call('proxy_set_effective_context', [probe.root.id])).toBe(status.OK);
  expect(probe.call('proxy_set_effective_context', [12345])).toBe(status.BAD_ARGUMENT);
  const other = probe.vm.openRoot({
    rootId: 'other',
    pluginName: 'other',
    pluginConfiguration: new Uint8Array(0),
  });
  if (!other.ok) throw new Error(other.error.message);
  const foreign = other.value.openStream(probe.stream);
  expect(probe.call('proxy_set_effective_context', [foreign.id])).toBe(status.BAD_ARGUMENT);
  own.close(false);
  expect(probe.call('proxy_set_effective_context', [own.id])).toBe(status.BAD_ARGUMENT);
});

test('a callout without the three pseudo-headers or to an unknown cluster is BAD_ARGUMENT', () => {
  const { scratch } = probe;
  expect(probe.call('proxy_http_call', [scratch, 4, 0, 0, 0, 0, 0, 0, 100, out()], 'auth')).toBe(
    status.BAD_ARGUMENT,
  );
});

test('what is not served yet answers with a status that every SDK knows', () => {
  for (const name of Object.keys(ENV_SIGNATURES).filter((key) => /grpc|dns/.test(key))) {
    const parameters = Array.from({ length: 12 }, () => 0);
    expect([status.NOT_FOUND, status.INTERNAL_FAILURE]).toContain(probe.call(name, parameters));
  }
});

/** Pointers and sizes that have broken hosts. */
const NASTY = [0, 1, -1, -2, 0x7fffffff, -0x80000000, 0xfffffffc | 0, 65535, 65536, 65537];

test('no pointer or size makes a host call fail otherwise than by a status', () => {
  const memory = probe.vm.memoryBytes;
  const edges = [memory, memory - 1, memory - 4, memory + 1, probe.scratch, probe.scratch + 1];
  const value = fc.constantFrom(...NASTY, ...edges);
  const calls = PROBED_CALLS.filter(({ name }) => name !== 'proxy_close_stream');
  fc.assert(
    fc.property(
      fc.constantFrom(...calls),
      fc.array(value, { minLength: 12, maxLength: 12 }),
      (call, parameters) => {
        const before = probe.vm.memoryBytes;
        const result = probe.call(call.name, parameters);
        expect(probe.vm.fault?.message).toBeUndefined();
        expect(result).not.toBe(-2);
        if (call.module === 'env' && call.result === 'i') expect(result).toBeLessThanOrEqual(12);
        expect(probe.vm.memoryBytes).toBeGreaterThanOrEqual(before);
      },
    ),
    { numRuns: 4000 },
  );
});

test('no pointer outside the memory is ever written through', () => {
  const outside = -4;
  for (const [name, parameters] of Object.entries({
    proxy_get_header_map_pairs: [0, outside, out()],
    proxy_get_current_time_nanoseconds: [outside],
    proxy_get_buffer_status: [0, outside, out()],
    proxy_get_log_level: [outside],
    proxy_define_metric: [0, 0, 0, outside],
    proxy_get_status: [outside, out(), out() + 4],
    proxy_get_property: [probe.scratch, 11, outside, out()],
  })) {
    const result = probe.call(name, parameters, 'plugin_name');
    expect([status.INVALID_MEMORY_ACCESS, status.NOT_FOUND]).toContain(result);
  }
});
