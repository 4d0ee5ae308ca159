import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../../../test/kit/certificates.ts';
import { signDetached, verifyDetached } from './detached.ts';
import { makeKeyPair } from './make-key.ts';
import { openSigningKey } from './private-key.ts';
import { parsePublicKey } from './public-key.ts';
import { openSecretbox, sealSecretbox } from './secretbox.ts';
import {
  COSIGN_KEY,
  COSIGN_PASSWORD,
  COSIGN_PUB,
  COSIGN_SIGNATURE,
} from './testing/cosign-vectors.ts';

const MODULE = Buffer.from('0061736d01000000', 'hex');

function pems(pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }) {
  return {
    privatePem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

const P256 = pems(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const OTHER = pems(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const ED25519 = pems(generateKeyPairSync('ed25519'));
const RSA = pems(generateKeyPairSync('rsa', { modulusLength: 2048 }));

function must<T>(result: { ok: true; value: T } | { ok: false; error: { message: string } }): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

describe('a signature beside a file', () => {
  test.each([
    ['ECDSA P-256', P256],
    ['Ed25519', ED25519],
    ['RSA', RSA],
  ])('of %s is verified with its key and with no other', (_, { privatePem, publicPem }) => {
    const signer = must(openSigningKey(privatePem, undefined));
    const key = must(parsePublicKey(publicPem));
    expect(signer.id).toBe(key.id);
    const text = signDetached(MODULE, signer);
    expect(must(verifyDetached(MODULE, `${text}\n`, [key])).id).toBe(key.id);
    const other = must(parsePublicKey(OTHER.publicPem));
    expect(verifyDetached(MODULE, text, [other])).toMatchObject({ error: { code: 'LAT0412' } });
    expect(must(verifyDetached(MODULE, text, [other, key])).id).toBe(key.id);
    const changed = Buffer.concat([MODULE, Buffer.of(0)]);
    expect(verifyDetached(changed, text, [key])).toMatchObject({ error: { code: 'LAT0412' } });
  });

  test('is wrong, and never an exception, whatever stands there', () => {
    const key = must(parsePublicKey(P256.publicPem));
    const texts = fc.oneof(fc.string(), fc.base64String(), fc.constant('A'.repeat(100_000)));
    fc.assert(
      fc.property(texts, (text) => {
        const verdict = verifyDetached(MODULE, text, [key]);
        expect(verdict).toMatchObject({ ok: false, error: { code: 'LAT0412' } });
      }),
    );
  });
});

describe('a public key', () => {
  const weak = pems(generateKeyPairSync('rsa', { modulusLength: 1024 }));
  const curve = pems(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }));
  const exchange = pems(generateKeyPairSync('x25519'));
  test.each([
    ['nothing', '', '0 PEM blocks'],
    ['no PEM', 'ssh-ed25519 AAAA', '0 PEM blocks'],
    ['two keys', P256.publicPem + OTHER.publicPem, '2 PEM blocks'],
    ['a private key', P256.privatePem, 'a private key stands where the public one belongs'],
    ['a certificate', CertificateAuthority.create().root, 'a certificate stands where'],
    ['a broken one', P256.publicPem.replace(/M/g, 'A'), 'cannot be read'],
    ['short RSA', weak.publicPem, '1024 bits is too short'],
    ['another curve', curve.publicPem, 'secp256k1'],
    ['no signing key', exchange.publicPem, 'x25519'],
  ])('that is %s is refused with the reason', (_, pem, reason) => {
    const parsed = parsePublicKey(pem);
    expect(parsed).toMatchObject({ ok: false, error: { code: 'LAT0410' } });
    expect(!parsed.ok && parsed.error.message).toContain(reason);
  });
});

test("cosign's own key is opened, and its own signature verified", () => {
  const key = must(parsePublicKey(COSIGN_PUB));
  expect(must(openSigningKey(COSIGN_KEY, COSIGN_PASSWORD)).id).toBe(key.id);
  expect(openSigningKey(COSIGN_KEY, 'guessed')).toMatchObject({ error: { code: 'LAT0410' } });
  const bytes = Buffer.from('lateen');
  expect(must(verifyDetached(bytes, COSIGN_SIGNATURE, [key])).id).toBe(key.id);
});

describe('a private key', () => {
  /** The same, sealed with other parameters than it says. */
  function withParams(pem: string, params: object): string {
    const base64 = pem.replace(/-----.*-----/g, '');
    const json = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
    const other = { ...json, kdf: { ...json.kdf, params } };
    const name = 'ENCRYPTED COSIGN PRIVATE KEY';
    const body = Buffer.from(JSON.stringify(other)).toString('base64');
    return `-----BEGIN ${name}-----\n${body}\n-----END ${name}-----\n`;
  }

  test("of our own making is in cosign's encrypted form, and opened with its password", () => {
    const { privatePem, publicPem } = makeKeyPair('secret');
    expect(privatePem).toMatch(/^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
    const key = must(openSigningKey(privatePem, 'secret'));
    expect(key.id).toBe(must(parsePublicKey(publicPem)).id);
    expect(openSigningKey(privatePem, 'other')).toMatchObject({ error: { code: 'LAT0410' } });
    expect(openSigningKey(privatePem, undefined)).toMatchObject({
      error: { message: 'the key is encrypted and there is no password' },
    });
    const plain = makeKeyPair(undefined);
    const opened = must(openSigningKey(plain.privatePem, undefined));
    expect(opened.id).toBe(must(parsePublicKey(plain.publicPem)).id);
  });

  test('cannot ask for more memory than a key is worth', () => {
    for (const params of [{ N: 2 ** 30, r: 8, p: 1 }, { N: 3, r: 8, p: 1 }, { N: 0 }, {}]) {
      const opened = openSigningKey(withParams(COSIGN_KEY, params), COSIGN_PASSWORD);
      expect(opened).toMatchObject({ ok: false, error: { code: 'LAT0410' } });
    }
  });

  test('that cannot be read is refused', () => {
    const forms = ['', 'x', P256.publicPem, P256.privatePem.replace(/M/g, 'A')];
    for (const pem of forms) expect(openSigningKey(pem, undefined)).toMatchObject({ ok: false });
  });
});

describe('secretbox', () => {
  // The example of the NaCl library's own tests.
  const key = Buffer.from(
    '1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389',
    'hex',
  );
  const nonce = Buffer.from('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37', 'hex');
  const text = Buffer.from(
    'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c' +
      '61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f' +
      '21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
    'hex',
  );
  const box =
    'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186a' +
    'c0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae' +
    '90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74' +
    'e355a5';

  test("gives NaCl's bytes", () => {
    expect(Buffer.from(sealSecretbox(text, nonce, key)).toString('hex')).toBe(box);
    expect(openSecretbox(Buffer.from(box, 'hex'), nonce, key)).toEqual(text);
  });

  test('opens what was sealed, and nothing that was touched', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, fc.nat(), (plain, at) => {
        const sealed = Buffer.from(sealSecretbox(plain, nonce, key));
        expect(Buffer.from(openSecretbox(sealed, nonce, key) ?? [])).toEqual(Buffer.from(plain));
        sealed[at % sealed.length]! ^= 1;
        expect(openSecretbox(sealed, nonce, key)).toBeUndefined();
      }),
    );
  });
});
