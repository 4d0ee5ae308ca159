import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { ok, type Result } from '@lateen/sdk/base/result';
import { sha256 } from '../digest.ts';
import { failed, KEY_UNUSABLE } from '../problem.ts';

const RSA_BITS_MIN = 2048;
const PEM_BYTES_MAX = 16_384;
const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** A public key that signatures are checked with. */
export interface VerificationKey {
  /** SHA-256 of its SubjectPublicKeyInfo, hexadecimal: names the key without showing it. */
  readonly id: string;
  /** What cosign signs with such a key: SHA-256 with ECDSA or PKCS#1 v1.5, or plain Ed25519. */
  verifies(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** Reads a PEM public key (`cosign.pub`, `openssl pkey -pubout`): ECDSA, Ed25519 or RSA. */
export function parsePublicKey(pem: string): Result<VerificationKey> {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    return failed(KEY_UNUSABLE, 'a private key stands where the public one belongs', PUBLIC_FIX);
  }
  if (/-----BEGIN [A-Z ]*CERTIFICATE-----/.test(pem)) {
    const message =
      'a certificate stands where the public key belongs: its dates are not looked at';
    return failed(KEY_UNUSABLE, message, 'openssl x509 -in FILE -noout -pubkey shows its key');
  }
  const blocks = pem.match(/-----BEGIN [A-Z ]+-----/g) ?? [];
  if (blocks.length !== 1 || pem.length > PEM_BYTES_MAX) {
    return failed(KEY_UNUSABLE, `${blocks.length} PEM blocks where one public key is`, PUBLIC_FIX);
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem.trim());
  } catch {
    return failed(KEY_UNUSABLE, 'the public key cannot be read', PUBLIC_FIX);
  }
  const unfit = unfitness(key);
  if (unfit !== undefined) return failed(KEY_UNUSABLE, unfit, 'use ECDSA P-256 (cosign makes it)');
  return ok({
    id: keyId(key),
    verifies: (bytes, signature) => verifies(key, bytes, signature),
  });
}

const PUBLIC_FIX = 'one block, -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----';

export function keyId(key: KeyObject): string {
  return sha256(key.export({ type: 'spki', format: 'der' }));
}

/** Why nothing is signed or verified with this key. */
export function unfitness(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  switch (type) {
    case 'ed25519':
      return undefined;
    case 'ec': {
      const curve = details?.namedCurve ?? '';
      return CURVES.has(curve) ? undefined : `keys on the curve ${curve} are not used`;
    }
    case 'rsa': {
      const bits = details?.modulusLength ?? 0;
      return bits >= RSA_BITS_MIN ? undefined : `an RSA key of ${bits} bits is too short`;
    }
    default:
      return `keys of type ${type} are not used`;
  }
}

/** The digest that goes with a key; Ed25519 has its own inside. */
export function digestFor(key: KeyObject): 'sha256' | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

function verifies(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(digestFor(key), bytes, key, signature);
  } catch {
    // A signature that is no DER at all: as wrong as any other.
    return false;
  }
}
