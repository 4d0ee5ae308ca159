import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { sha256 } from '../../../modules/digest.ts';
import { signDetached } from '../../../modules/signature/detached.ts';
import type { Format, Io } from '../../io.ts';
import { cannot, giveUp } from '../../say.ts';
import { readSigningKey, type SigningKeyOptions } from './keys.ts';
import { readNamed } from './module-file.ts';

export interface SignOptions extends SigningKeyOptions {
  readonly target: string;
  readonly output: Format;
}

/** Signs a module of a file. */
export async function sign(options: SignOptions, io: Io): Promise<number> {
  const module = await readNamed(options.target, 'the module', io);
  if (!module.ok) return giveUp(module.error, io);
  const key = await readSigningKey(options, io);
  if (!key.ok) return giveUp(key.error, io);
  const path = `${options.target}.sig`;
  try {
    await writeFile(
      resolve(io.environment.cwd, path),
      `${signDetached(module.value, key.value)}\n`,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return giveUp(cannot(`cannot write ${path}: ${reason}`), io);
  }
  const digest = sha256(module.value);
  if (options.output === 'json') {
    io.out(JSON.stringify({ signature: path, sha256: digest, key: key.value.id }));
  } else io.out(`signed sha256:${digest} with key ${key.value.id.slice(0, 16)}: ${path}`);
  return 0;
}
