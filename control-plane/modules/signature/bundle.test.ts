import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../oci/testing/session.ts';
import { preAuthentication, verifyBundle } from './bundle.ts';
import { parsePublicKey } from './public-key.ts';
import { BUNDLE, BUNDLE_PUB } from './testing/cosign-vectors.ts';
import { keyPair } from './testing/key-pair.ts';

const DIGEST = 'a'.repeat(64);
const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ digest: { sha256: DIGEST } }],
  predicateType: 'https://sigstore.dev/cosign/sign/v1',
  predicate: {},
};
const TYPE = 'application/vnd.in-toto+json';
const ours = keyPair();
const keys = [ours.verification];

/** A bundle over any text, well signed. */
function bundle(text: string, payloadType = TYPE): Buffer {
  const body = Buffer.from(text);
  const sig = Buffer.from(ours.signing.sign(preAuthentication(payloadType, body))).toString(
    'base64',
  );
  const dsseEnvelope = { payload: body.toString('base64'), payloadType, signatures: [{ sig }] };
  return Buffer.from(JSON.stringify({ dsseEnvelope }));
}

describe("sigstore's bundle", () => {
  test('of its own library is verified, for its image and its key alone', () => {
    const theirs = must(parsePublicKey(BUNDLE_PUB));
    const bytes = Buffer.from(BUNDLE);
    expect(verifyBundle(bytes, DIGEST, [theirs])).toMatchObject({ kind: 'signed', by: [theirs] });
    expect(verifyBundle(bytes, DIGEST, keys)).toEqual({ kind: 'unknown' });
    expect(verifyBundle(bytes, 'b'.repeat(64), [theirs])).toEqual({
      kind: 'fault',
      why: 'it is for another image',
    });
  });

  test.each([
    [
      'an attestation',
      JSON.stringify({ ...STATEMENT, predicateType: 'https://slsa.dev/provenance/v1' }),
      TYPE,
      'another type',
    ],
    ['about nothing', JSON.stringify({ ...STATEMENT, subject: [] }), TYPE, 'another image'],
    ['no statement', JSON.stringify(STATEMENT), 'text/plain', 'no in-toto statement'],
    ['no JSON', 'hello', TYPE, 'no in-toto statement'],
  ])('that is %s does not count, though the key made it', (_, text, type, why) => {
    const verdict = verifyBundle(bundle(text, type), DIGEST, keys);
    expect(verdict).toMatchObject({ kind: 'fault', why: expect.stringContaining(why) });
  });

  test('counts for what was signed: no byte of the payload or its type can be changed', () => {
    const good = bundle(JSON.stringify(STATEMENT));
    expect(verifyBundle(good, DIGEST, keys)).toMatchObject({ kind: 'signed' });
    const { dsseEnvelope } = JSON.parse(good.toString());
    const body = Buffer.from(dsseEnvelope.payload, 'base64');
    fc.assert(
      fc.property(fc.nat({ max: body.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const other = Buffer.from(body);
        other[at]! ^= by;
        const changed = { dsseEnvelope: { ...dsseEnvelope, payload: other.toString('base64') } };
        const bytes = Buffer.from(JSON.stringify(changed));
        expect(verifyBundle(bytes, DIGEST, keys)).toEqual({ kind: 'unknown' });
      }),
    );
    const retyped = { dsseEnvelope: { ...dsseEnvelope, payloadType: 'text/plain' } };
    const bytes = Buffer.from(JSON.stringify(retyped));
    expect(verifyBundle(bytes, DIGEST, keys)).toEqual({ kind: 'unknown' });
  });

  test('of any bytes is a verdict, never an exception', () => {
    const json = fc.oneof(
      fc.json(),
      fc.json().map((inner) => `{"dsseEnvelope":${inner}}`),
      fc.string(),
    );
    fc.assert(
      fc.property(json, (text) => {
        expect(verifyBundle(Buffer.from(text), DIGEST, keys)).toEqual({ kind: 'unknown' });
      }),
    );
  });
});
