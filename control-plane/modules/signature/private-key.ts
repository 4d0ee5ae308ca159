import { createPrivateKey, createPublicKey, type KeyObject, scryptSync, sign } from 'node:crypto';
import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import { failed, KEY_UNUSABLE } from '../problem.ts';
import { digestFor, keyId, unfitness } from './public-key.ts';
import { openSecretbox } from './secretbox.ts';

/** A private key, ready to sign as cosign signs. */
export interface SigningKey {
  /** The id of the public key that belongs to it. */
  readonly id: string;
  sign(bytes: Uint8Array): Uint8Array;
}

/**
 * Reads a private key: PKCS#8 PEM (with or without a password), the PEM of OpenSSL's older
 * commands, or what `cosign generate-key-pair` writes.
 */
export function openSigningKey(pem: string, password: string | undefined): Result<SigningKey> {
  const encrypted = SEALED.exec(pem);
  const key =
    encrypted === null ? readPem(pem, password) : openCosign(encrypted[1] ?? '', password);
  if (!key.ok) return key;
  const unfit = unfitness(key.value);
  if (unfit !== undefined) return failed(KEY_UNUSABLE, unfit, 'use ECDSA P-256 (cosign makes it)');
  return ok({
    id: keyId(createPublicKey(key.value)),
    sign: (bytes) => sign(digestFor(key.value), bytes, key.value),
  });
}

const SEALED =
  /-----BEGIN ENCRYPTED (?:COSIGN|SIGSTORE) PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END ENCRYPTED/;
/** scrypt takes 128 * N * r bytes; cosign's own parameters take 64 MiB. */
const SCRYPT_BYTES_MAX = 256 * 1024 * 1024;

function readPem(pem: string, password: string | undefined): Result<KeyObject> {
  try {
    const passphrase = password === undefined ? {} : { passphrase: password };
    return ok(createPrivateKey({ key: pem, format: 'pem', ...passphrase }));
  } catch {
    const locked = /ENCRYPTED/.test(pem);
    return locked
      ? wrongPassword(password)
      : failed(KEY_UNUSABLE, 'it holds no private key in PEM');
  }
}

function openCosign(base64: string, password: string | undefined): Result<KeyObject> {
  const sealed = parseSealed(base64);
  if (sealed === undefined) {
    return failed(KEY_UNUSABLE, 'the encrypted key is not in the form that cosign writes');
  }
  if (password === undefined) return wrongPassword(password);
  const { salt, nonce, ciphertext, N, r, p } = sealed;
  const derived = scryptSync(password, salt, 32, { N, r, p, maxmem: SCRYPT_BYTES_MAX + 1_000_000 });
  const der = openSecretbox(ciphertext, nonce, derived);
  if (der === undefined) return wrongPassword(password);
  try {
    return ok(createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }));
  } catch {
    return failed(KEY_UNUSABLE, 'what the encrypted key holds is no PKCS#8 key');
  }
}

/** `{"kdf":{"name":"scrypt",...},"cipher":{"name":"nacl/secretbox",...},"ciphertext":...}` */
function parseSealed(base64: string) {
  const json = parseJson(Buffer.from(base64, 'base64').toString('utf8'));
  const [kdf, cipher] = [json?.['kdf'], json?.['cipher']];
  if (!isJsonObject(kdf) || !isJsonObject(cipher)) return undefined;
  if (kdf['name'] !== 'scrypt' || cipher['name'] !== 'nacl/secretbox') return undefined;
  const params = kdf['params'];
  if (!isJsonObject(params)) return undefined;
  const { N, r, p } = params;
  if (!isPower(N) || !isSmall(r) || !isSmall(p) || 128 * N * r * p > SCRYPT_BYTES_MAX) {
    return undefined;
  }
  const [salt, nonce, ciphertext] = [kdf['salt'], cipher['nonce'], json?.['ciphertext']].map(bytes);
  if (salt === undefined || nonce === undefined || ciphertext === undefined) return undefined;
  return { salt, nonce, ciphertext, N, r, p };
}

function parseJson(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isPower(value: unknown): value is number {
  return isSmall(value) && value > 1 && Number.isInteger(Math.log2(value));
}

function isSmall(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 2 ** 20;
}

function bytes(value: unknown): Buffer | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
}

function wrongPassword<T>(password: string | undefined): Result<T> {
  const fix = 'give it with --key-password-file or in COSIGN_PASSWORD';
  return password === undefined
    ? failed(KEY_UNUSABLE, 'the key is encrypted and there is no password', fix)
    : failed(KEY_UNUSABLE, 'the password does not open the key', fix);
}
