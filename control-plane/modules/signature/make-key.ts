import { generateKeyPairSync, randomBytes, scryptSync } from 'node:crypto';
import { sealSecretbox } from './secretbox.ts';

/** cosign's own cost: 64 MiB and a fifth of a second for each guess. */
const SCRYPT = { N: 65_536, r: 8, p: 1 };
const NAME = 'ENCRYPTED SIGSTORE PRIVATE KEY';

export interface KeyPem {
  readonly privatePem: string;
  readonly publicPem: string;
}

/**
 * A key pair as `cosign generate-key-pair` makes it: ECDSA P-256, the private key sealed with the
 * password. Without one it is plain PKCS#8, and the file's permissions are all that guards it.
 */
export function makeKeyPair(password: string | undefined): KeyPem {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  if (password === undefined) {
    const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return { privatePem, publicPem };
  }
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  return { privatePem: sealed(der, password), publicPem };
}

function sealed(der: Uint8Array, password: string): string {
  const [salt, nonce] = [randomBytes(32), randomBytes(24)];
  const key = scryptSync(password, salt, 32, { ...SCRYPT, maxmem: 80_000_000 });
  const json = {
    kdf: { name: 'scrypt', params: SCRYPT, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(sealSecretbox(der, nonce, key)).toString('base64'),
  };
  const base64 = Buffer.from(JSON.stringify(json)).toString('base64');
  const body = base64.match(/.{1,64}/g)?.join('\n') ?? '';
  return `-----BEGIN ${NAME}-----\n${body}\n-----END ${NAME}-----\n`;
}
