import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { makeKeyPair } from '../../../modules/signature/make-key.ts';
import { parsePublicKey } from '../../../modules/signature/public-key.ts';
import type { Format, Io } from '../../io.ts';
import { cannot, giveUp } from '../../say.ts';
import { readNamed } from './module-file.ts';

export interface KeygenOptions {
  readonly name: string;
  readonly keyPasswordFile?: string | undefined;
  readonly output: Format;
}

/** Makes NAME.key, to sign with, and NAME.pub, to be given away. Writes over nothing. */
export async function keygen(options: KeygenOptions, io: Io): Promise<number> {
  let password = io.environment.keyPassword;
  if (options.keyPasswordFile !== undefined) {
    const read = await readNamed(options.keyPasswordFile, 'the password', io);
    if (!read.ok) return giveUp(read.error, io);
    password = read.value.toString('utf8').trimEnd();
  }
  const { privatePem, publicPem } = makeKeyPair(password);
  const [privateFile, publicFile] = [`${options.name}.key`, `${options.name}.pub`];
  try {
    await writeFile(resolve(io.environment.cwd, privateFile), privatePem, {
      mode: 0o600,
      flag: 'wx',
    });
    await writeFile(resolve(io.environment.cwd, publicFile), publicPem, { flag: 'wx' });
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const fix =
      code === 'EEXIST' ? 'choose another name: a key that is lost cannot be had again' : undefined;
    return giveUp(cannot(`cannot write the key: ${message}`, fix), io);
  }
  const parsed = parsePublicKey(publicPem);
  const id = parsed.ok ? parsed.value.id : '';
  if (options.output === 'json') {
    const encrypted = password !== undefined;
    io.out(JSON.stringify({ key: id, private: privateFile, public: publicFile, encrypted }));
    return 0;
  }
  io.out(`${privateFile} signs, ${publicFile} verifies (key ${id.slice(0, 16)})`);
  if (password === undefined) io.err('the key is not encrypted: COSIGN_PASSWORD was not set');
  return 0;
}
