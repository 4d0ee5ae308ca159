import { generateKeyPairSync } from 'node:crypto';
import { must } from '../../oci/testing/session.ts';
import { openSigningKey } from '../private-key.ts';
import { parsePublicKey } from '../public-key.ts';

/** A pair as cosign makes it, ready for both sides. */
export function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return {
    signing: must(openSigningKey(pem, undefined)),
    verification: must(parsePublicKey(publicPem)),
    publicPem,
  };
}
