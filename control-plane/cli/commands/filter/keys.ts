import type { Result } from '@lateen/sdk/base/result';
import { openSigningKey, type SigningKey } from '../../../modules/signature/private-key.ts';
import { parsePublicKey, type VerificationKey } from '../../../modules/signature/public-key.ts';
import type { Io } from '../../io.ts';
import { readNamed } from './module-file.ts';

export interface SigningKeyOptions {
  readonly key: string;
  readonly keyPasswordFile?: string | undefined;
}

export async function readSigningKey(
  options: SigningKeyOptions,
  io: Io,
): Promise<Result<SigningKey>> {
  const pem = await readNamed(options.key, 'the key', io);
  if (!pem.ok) return pem;
  if (options.keyPasswordFile === undefined) {
    return openSigningKey(pem.value.toString('utf8'), io.environment.keyPassword);
  }
  const password = await readNamed(options.keyPasswordFile, 'the password', io);
  if (!password.ok) return password;
  return openSigningKey(pem.value.toString('utf8'), password.value.toString('utf8').trimEnd());
}

export async function readPublicKey(path: string, io: Io): Promise<Result<VerificationKey>> {
  const pem = await readNamed(path, 'the key', io);
  return pem.ok ? parsePublicKey(pem.value.toString('utf8')) : pem;
}
