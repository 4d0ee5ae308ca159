import { readFileSync } from 'node:fs';
import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import { beforeAll, expect, test } from 'vitest';
import { HeaderMap } from '../http/header-map.ts';
import type { PropertySink } from './effects.ts';
import { openProbe, type Probe } from './fixtures/probe.ts';
import { DEFAULT_VM_LIMITS } from './limits.ts';
import { decodePairs, encodeHeaders, encodePairs, headersSize } from './pairs.ts';

/** Golden bytes that the host and the SDK must agree on: sdk/abi/vectors. */
function vectors<T>(name: string): T[] {
  const file = new URL(`../../sdk/abi/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as T[];
}

const fromHex = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});

interface PairsVector {
  readonly name: string;
  readonly pairs: [string, string][];
  readonly hex: string;
}

for (const { name, pairs, hex } of vectors<PairsVector>('pairs')) {
  test(`pairs: ${name}`, () => {
    const bytes = fromHex(hex);
    expect(decodePairs(bytes, 0, bytes.length, DEFAULT_VM_LIMITS)).toEqual(pairs);
    const asBytes = pairs.map(
      ([key, value]) => [Buffer.from(key, 'latin1'), Buffer.from(value, 'latin1')] as const,
    );
    expect(Buffer.from(encodePairs(asBytes))).toEqual(bytes);
    if (pairs.some(([key]) => key === '')) return;
    const map = HeaderMap.fromPairs(pairs);
    const target = Buffer.alloc(headersSize(map));
    encodeHeaders(map, target, 0);
    expect(target).toEqual(bytes);
  });
}

interface PropertyVector {
  readonly name: string;
  readonly kind: 'text' | 'int64' | 'double' | 'boolean' | 'pairs';
  readonly value: string | number | boolean | [string, string][];
  readonly hex: string;
}

function writeProperty({ kind, value }: PropertyVector, sink: PropertySink): number {
  if (kind === 'text') return sink.text(String(value));
  if (kind === 'int64') return sink.int64(Number(value));
  if (kind === 'double') return sink.double(Number(value));
  if (kind === 'boolean') return sink.boolean(value === true);
  return sink.pairs(HeaderMap.fromPairs(Array.isArray(value) ? value : []));
}

for (const vector of vectors<PropertyVector>('properties')) {
  test(`properties: ${vector.name}`, () => {
    probe.stream.properties.set('p', (sink) => writeProperty(vector, sink));
    const out = probe.scratch + 4096;
    const { scratch } = probe;
    expect(probe.call('proxy_get_property', [scratch, 1, out, out + 4], 'p')).toBe(status.OK);
    expect(probe.answer(out)).toEqual(fromHex(vector.hex));
  });
}

interface StructVector {
  readonly name: string;
  readonly fields: Readonly<Record<string, number>>;
  readonly hex: string;
}

const SELECTION: Readonly<Record<string, number>> = {
  virtualHost: ext.SELECTION_VIRTUAL_HOST,
  route: ext.SELECTION_ROUTE,
  weightedCluster: ext.SELECTION_WEIGHTED_CLUSTER,
  timeoutMs: ext.SELECTION_TIMEOUT_MS,
  idleTimeoutMs: ext.SELECTION_IDLE_TIMEOUT_MS,
  maxDurationMs: ext.SELECTION_MAX_DURATION_MS,
  clusterName: ext.SELECTION_CLUSTER_NAME,
  clusterNameLength: ext.SELECTION_CLUSTER_NAME_LENGTH,
};

const WISH: Readonly<Record<string, number>> = {
  flags: ext.WISH_FLAGS,
  delayMs: ext.WISH_DELAY_MS,
  perTryTimeoutMs: ext.WISH_PER_TRY_TIMEOUT_MS,
  perTryIdleTimeoutMs: ext.WISH_PER_TRY_IDLE_TIMEOUT_MS,
  hostAttempts: ext.WISH_HOST_ATTEMPTS,
};

function checkStructs(file: string, offsets: Readonly<Record<string, number>>, size: number) {
  for (const { name, fields, hex } of vectors<StructVector>(file)) {
    test(`${file}: ${name}`, () => {
      const bytes = fromHex(hex);
      expect(bytes.length).toBe(size);
      probe.call('proxy_done', [], bytes);
      for (const [field, value] of Object.entries(fields)) {
        const read = value < 0 ? probe.vm.i32 : probe.vm.u32;
        expect(read.call(probe.vm, probe.scratch + offsets[field])).toBe(value);
      }
    });
  }
}

checkStructs('route-selection', SELECTION, ext.SELECTION_SIZE);
checkStructs('attempt-wish', WISH, ext.WISH_SIZE);

interface ArgumentsVector {
  readonly name: string;
  readonly function: string;
  readonly fields: readonly {
    readonly u32?: number;
    readonly i64?: number;
    readonly text?: string;
  }[];
  readonly hex: string;
}

const ANSWERS: Readonly<Record<string, (probe: Probe, answer: Buffer) => void>> = {
  [ext.FN_HEADER_VALUES]: (_, answer) =>
    expect(decodePairs(answer, 0, answer.length, DEFAULT_VM_LIMITS)).toEqual([
      ['', 'one'],
      ['', 'two'],
    ]),
  [ext.FN_REGEX_MATCH]: (_, answer) => expect([...answer]).toEqual([1]),
  [ext.FN_REGEX_REPLACE]: (_, answer) => expect(answer.toString()).toBe('/b/a'),
  [ext.FN_SET_TIMER]: (probe) => expect(probe.stream.effects).toContain('timer 1500'),
  [ext.FN_SINK_WRITE]: (probe) => expect(probe.services.written.get('/dev/stdout')).toBe('line\n'),
  [ext.FN_REFUSE_CONFIG]: () => {},
  [ext.FN_SHARED_SET]: (_, answer) => expect(answer.length).toBe(0),
  [ext.FN_SHARED_ADD]: (_, answer) => expect(answer.readBigInt64LE()).toBe(-2n),
  [ext.FN_SHARED_EXISTS]: (_, answer) => expect([...answer]).toEqual([1]),
  [ext.FN_SHARED_LIST]: (_, answer) => {
    expect(answer.readUInt32LE(0)).toBe(0);
    const keys = [answer.subarray(8, 13), answer.subarray(17)].map(String);
    expect(keys.sort()).toEqual(['a/key', 'a/sum']);
  },
  [ext.FN_SHARED_DELETE]: (_, answer) => expect(answer.length).toBe(0),
};

for (const vector of vectors<ArgumentsVector>('foreign-arguments')) {
  test(`foreign functions: ${vector.name}`, () => {
    const encoded = vector.fields.map(({ u32, i64, text }) => {
      const bytes = Buffer.alloc(8);
      if (i64 !== undefined) bytes.writeBigInt64LE(BigInt(i64));
      else if (u32 === undefined) return Buffer.from(text ?? '');
      else bytes.writeUInt32LE(u32);
      return i64 === undefined ? bytes.subarray(0, 4) : bytes;
    });
    const bytes = fromHex(vector.hex);
    expect(Buffer.concat(encoded)).toEqual(bytes);
    // The ids of the vectors: pattern 1, sink 3.
    foreign(ext.FN_REGEX_COMPILE, '(/a)');
    while (foreign(ext.FN_SINK_OPEN, '/dev/stdout').readUInt32LE() < 3);
    const answer = foreign(vector.function, bytes);
    ANSWERS[vector.function](probe, answer);
  });
}

function foreign(name: string, args: Uint8Array | string): Buffer {
  const data = Buffer.concat([Buffer.from(name), Buffer.from(args)]);
  const out = probe.scratch + 4096;
  const { scratch } = probe;
  const at = scratch + name.length;
  const size = data.length - name.length;
  const parameters = [scratch, name.length, at, size, out, out + 4];
  expect(probe.call('proxy_call_foreign_function', parameters, data)).toBe(status.OK);
  return probe.answer(out);
}
