import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openProbe, type Probe } from './fixtures/probe.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
  probe.stream.properties.set('response.code', (sink) => sink.int64(200));
  probe.stream.properties.set('connection.mtls', (sink) => sink.boolean(true));
  probe.stream.properties.set('xds.cluster_name', (sink) => sink.text('outbound|9080||reviews'));
  probe.stream.properties.set('umlaut', (sink) => sink.text('fünfzehn Zeichen lang'));
  probe.stream.properties.set('empty', (sink) => sink.text(''));
});
afterAll(() => probe.vm.close());

const OUT = 4096;
const ROOM = 8192;

interface Asked {
  readonly kind: number;
  readonly name: string;
}

const property = (name: string): Asked => ({ kind: ext.FIELD_PROPERTY, name });
const header = (name: string, map = 0): Asked => ({ kind: ext.FIELD_HEADER + map, name });
const joined = (name: string): Asked => ({ kind: ext.FIELD_JOINED_HEADER, name });

function call(name: string, args: Uint8Array): number {
  const { scratch } = probe;
  const data = Buffer.concat([Buffer.from(name), args]);
  const at = scratch + name.length;
  const out = scratch + OUT;
  const parameters = [scratch, name.length, at, args.length, out, out + 4];
  return probe.call('proxy_call_foreign_function', parameters, data);
}

function encode(fields: readonly Asked[]): Buffer {
  const parts = fields.map(({ kind, name }) => {
    const bytes = Buffer.from(name.replaceAll('.', '\0'));
    const head = Buffer.alloc(5);
    head.writeUInt8(kind);
    head.writeUInt32LE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  });
  return Buffer.concat(parts);
}

function define(fields: readonly Asked[]): number {
  expect(call(ext.FN_FIELDS_DEFINE, encode(fields))).toBe(status.OK);
  return probe.answer(probe.scratch + OUT).readUInt32LE();
}

function read(id: number, size: number, address = probe.scratch + ROOM): number {
  const question = Buffer.alloc(12);
  question.writeUInt32LE(id);
  question.writeUInt32LE(address, 4);
  question.writeUInt32LE(size, 8);
  return call(ext.FN_FIELDS_READ, question);
}

/** The values of a set, null where there is none. */
function values(fields: readonly Asked[], size = 2048): (string | null)[] {
  expect(read(define(fields), size)).toBe(status.OK);
  return fields.map((_, index) => {
    const entry = probe.scratch + ROOM + 8 * index;
    const length = probe.vm.i32(entry + 4);
    return length < 0 ? null : probe.vm.latin1(probe.vm.u32(entry), length);
  });
}

describe('a set of fields', () => {
  test('is read in one call: properties, first values and all values of headers', () => {
    const asked = [header(':path'), header('x-many'), joined('x-many'), header(':status', 2)];
    expect(values(asked)).toEqual(['/reviews/1?x=y', 'one', 'one,two', '200']);
    const code = Buffer.alloc(8);
    code.writeUInt32LE(200);
    expect(values([property('response.code'), property('connection.mtls')])).toEqual([
      code.toString('latin1'),
      '\x01',
    ]);
    expect(values([property('xds.cluster_name')])).toEqual(['outbound|9080||reviews']);
    const umlaut = Buffer.from('fünfzehn Zeichen lang').toString('latin1');
    expect(values([property('umlaut')])).toEqual([umlaut]);
  });

  test('tells what is absent from what is empty', () => {
    expect(values([property('nothing'), header('none'), joined('none'), header('x', 1)])).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(values([property('empty')])).toEqual(['']);
  });

  test('a text that changes is not mistaken for the one before', () => {
    const id = define([property('xds.cluster_name')]);
    for (const name of ['outbound|9080||ratings', 'outbound|9080||details']) {
      probe.stream.properties.set('xds.cluster_name', (sink) => sink.text(name));
      expect(read(id, 512)).toBe(status.OK);
      const entry = probe.scratch + ROOM;
      expect(probe.vm.latin1(probe.vm.u32(entry), probe.vm.u32(entry + 4))).toBe(name);
    }
  });

  test('that does not fit into the room is EMPTY, and what fits exactly is read', () => {
    const fields = [header(':path'), header('x-many')];
    const needed = 2 * 8 + '/reviews/1?x=y'.length + 'one'.length;
    const id = define(fields);
    expect(read(id, needed)).toBe(status.OK);
    expect(read(id, needed - 1)).toBe(status.EMPTY);
    expect(read(id, 15)).toBe(status.EMPTY);
    expect(read(id, 0)).toBe(status.EMPTY);
  });

  test('is refused where it lies about itself, and read nowhere but in memory', () => {
    for (const bytes of [[0], [0, 9, 0, 0, 0, 65], [9, 1, 0, 0, 0, 65], [200, 0, 0, 0, 0]]) {
      expect(call(ext.FN_FIELDS_DEFINE, Uint8Array.from(bytes))).toBe(status.BAD_ARGUMENT);
    }
    expect(read(4_000_000_000, 512)).toBe(status.NOT_FOUND);
    expect(read(0, 512)).toBe(status.NOT_FOUND);
    const id = define([header(':path')]);
    expect(read(id, 512, 0xffffff00)).toBe(status.INVALID_MEMORY_ACCESS);
    expect(read(id, 0xffffffff)).toBe(status.INVALID_MEMORY_ACCESS);
    expect(call(ext.FN_FIELDS_READ, new Uint8Array(8))).toBe(status.BAD_ARGUMENT);
  });

  test('whatever bytes define one, the host answers and goes on', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const answered = call(ext.FN_FIELDS_DEFINE, bytes);
        expect([status.OK, status.BAD_ARGUMENT]).toContain(answered);
      }),
      { numRuns: 200 },
    );
    expect(values([header(':method')])).toEqual(['GET']);
  });
});

describe('metrics in one call', () => {
  const record = (entries: readonly (readonly [number, number])[]) => {
    const bytes = Buffer.alloc(12 * entries.length);
    for (const [index, [id, value]] of entries.entries()) {
      bytes.writeInt32LE(id, 12 * index);
      bytes.writeDoubleLE(value, 12 * index + 4);
    }
    return call(ext.FN_RECORD_METRICS, bytes);
  };
  const metric = (name: string) => {
    const { scratch } = probe;
    expect(probe.call('proxy_define_metric', [1, scratch, name.length, scratch + OUT], name)).toBe(
      status.OK,
    );
    return probe.vm.i32(scratch + OUT);
  };

  test('are recorded, each with its value', () => {
    expect(
      record([
        [metric('first'), 7],
        [metric('second'), 1.5],
      ]),
    ).toBe(status.OK);
    expect(probe.services.values.get('first')).toBe(7);
    expect(probe.services.values.get('second')).toBe(1.5);
    expect(record([])).toBe(status.OK);
  });

  test('of others, and values that are no amounts, are refused', () => {
    const id = metric('third');
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(record([[id, value]])).toBe(status.BAD_ARGUMENT);
    }
    expect(record([[id + 1000, 1]])).toBe(status.NOT_FOUND);
    expect(call(ext.FN_RECORD_METRICS, new Uint8Array(11))).toBe(status.BAD_ARGUMENT);
    expect(probe.services.values.get('third')).toBe(0);
  });
});
