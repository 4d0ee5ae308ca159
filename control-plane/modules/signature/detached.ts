import { ok, type Result } from '@lateen/sdk/base/result';
import { failed, SIGNATURE_WRONG } from '../problem.ts';
import type { SigningKey } from './private-key.ts';
import type { VerificationKey } from './public-key.ts';

/** A text of base64 is longer than what it says by a third; no signature has more than 2 KiB. */
export const DETACHED_BYTES_MAX = 4096;

/**
 * The text of `FILE.sig`, over a module that is a plain file: base64 of the signature, the form of
 * `cosign sign-blob --output-signature`.
 */
export function signDetached(module: Uint8Array, key: SigningKey): string {
  return Buffer.from(key.sign(module)).toString('base64');
}

/** Is the text of `FILE.sig` a signature over these bytes by one of the keys? Returns that key. */
export function verifyDetached(
  module: Uint8Array,
  text: string,
  keys: readonly VerificationKey[],
): Result<VerificationKey> {
  const base64 = text.trim();
  if (base64.length > DETACHED_BYTES_MAX || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    return failed(
      SIGNATURE_WRONG,
      'the signature is not base64',
      'cosign sign-blob and lateen filter sign write it so',
    );
  }
  const signature = Buffer.from(base64, 'base64');
  const signer = keys.find((key) => key.verifies(module, signature));
  if (signer !== undefined) return ok(signer);
  return failed(
    SIGNATURE_WRONG,
    'the signature was not made over these bytes with this key',
    'sign the module again, or correct the key',
  );
}
