import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openProbe, type Probe } from './fixtures/probe.ts';

/** Envoy's foreign functions, by the field numbers of its messages. */

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe();
});
afterAll(() => probe.vm.close());

const OUT = 60_000;
const TEXT = Buffer.from('what was signed');

function call(name: string, args: Uint8Array): { status: number; answer: Buffer } {
  const { scratch } = probe;
  const data = Buffer.concat([Buffer.from(name), args]);
  const out = scratch + OUT;
  const at = scratch + name.length;
  const parameters = [scratch, name.length, at, args.length, out, out + 4];
  const result = probe.call('proxy_call_foreign_function', parameters, data);
  return { status: result, answer: result === status.OK ? probe.answer(out) : Buffer.alloc(0) };
}

function message(fields: Readonly<Record<number, Uint8Array | string>>): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of Object.entries(fields)) {
    writer.tag(Number(number), WireType.LengthDelimited).bytes(Buffer.from(value));
  }
  return writer.finish();
}

function parse(answer: Uint8Array): Record<number, unknown> {
  const reader = new BinaryReader(answer);
  const fields: Record<number, unknown> = {};
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    fields[number] = type === WireType.Varint ? reader.bool() : Buffer.from(reader.bytes());
  }
  return fields;
}

const PAIRS = {
  'RSA of 2048 bits': generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'ECDSA P-256': generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
};

describe.each(Object.entries(PAIRS))('with %s', (_, { publicKey, privateKey }) => {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const signature = sign('sha256', TEXT, privateKey);

  test('a signature is verified, by a key in DER or PEM, and a wrong one says why', () => {
    for (const key of [{ 2: der }, { 5: pem }]) {
      const right = call(
        ext.FN_VERIFY_SIGNATURE,
        message({ 1: 'sha256', ...key, 3: signature, 4: TEXT }),
      );
      expect(parse(right.answer)).toEqual({ 1: true });
      for (const wrong of [
        { 4: 'another text' },
        { 3: Buffer.from('nonsense') },
        { 1: 'sha512' },
      ]) {
        const fields = { 1: 'sha256', ...key, 3: signature, 4: TEXT, ...wrong };
        const { answer } = call(ext.FN_VERIFY_SIGNATURE, message(fields));
        expect(parse(answer)).toEqual({ 2: expect.anything() });
      }
    }
  });

  test('a signature is made that others verify', () => {
    const keys = [
      { 4: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
      { 2: privateKey.export({ type: 'pkcs8', format: 'der' }) },
    ];
    for (const key of keys) {
      const { answer } = call(ext.FN_SIGN, message({ 1: 'sha384', ...key, 3: TEXT }));
      const fields = parse(answer);
      expect(fields[1]).toBe(true);
      expect(verify('sha384', TEXT, publicKey, fields[2] as Buffer)).toBe(true);
    }
  });

  test('a hash that is not known is told, a key that is none is refused', () => {
    const fields = { 1: 'md5', 2: der, 3: signature, 4: TEXT };
    const { answer } = call(ext.FN_VERIFY_SIGNATURE, message(fields));
    expect(parse(answer)).toEqual({ 2: Buffer.from('md5 is not supported.') });
    const bad = [{}, { 2: der, 5: pem }, { 2: 'no key' }, { 5: 'no key' }, { 2: der.subarray(4) }];
    for (const key of bad) {
      const asked = message({ 1: 'sha256', 3: signature, 4: TEXT, ...key });
      expect(call(ext.FN_VERIFY_SIGNATURE, asked).status).toBe(status.BAD_ARGUMENT);
    }
  });
});

test('a key that would hold a worker for long is refused', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4104 });
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const asked = message({ 1: 'sha256', 2: der, 3: 'x', 4: TEXT });
  expect(call(ext.FN_VERIFY_SIGNATURE, asked).status).toBe(status.BAD_ARGUMENT);
});

test('whatever bytes ask for a signature, the host answers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const name of [ext.FN_VERIFY_SIGNATURE, ext.FN_SIGN]) {
        expect(call(name, bytes).status).toBe(status.BAD_ARGUMENT);
      }
    }),
  );
});

test('bytes are compressed as zlib does, and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      const folded = call(ext.FN_COMPRESS, bytes);
      expect(folded.status).toBe(status.OK);
      expect(inflateSync(folded.answer)).toEqual(Buffer.from(bytes));
      expect(call(ext.FN_UNCOMPRESS, deflateSync(bytes)).answer).toEqual(Buffer.from(bytes));
    }),
    { numRuns: 50 },
  );
});

test('what is no zlib, and what unfolds to more than 4 MiB, is refused', () => {
  expect(call(ext.FN_UNCOMPRESS, Buffer.from('nonsense')).status).toBe(
    status.SERIALIZATION_FAILURE,
  );
  expect(call(ext.FN_UNCOMPRESS, deflateSync(TEXT).subarray(0, 9)).status).toBe(
    status.SERIALIZATION_FAILURE,
  );
  const bomb = deflateSync(Buffer.alloc(5 * 1024 * 1024));
  expect(call(ext.FN_UNCOMPRESS, bomb).status).toBe(status.BAD_ARGUMENT);
});
