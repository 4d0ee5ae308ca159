import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { sha256 } from '../../../modules/digest.ts';
import { resolveImage } from '../../../modules/oci/pull.ts';
import { formatReference } from '../../../modules/oci/reference.ts';
import { signDetached } from '../../../modules/signature/detached.ts';
import type { SigningKey } from '../../../modules/signature/private-key.ts';
import { signImage } from '../../../modules/signature/sign-image.ts';
import type { Format, Io } from '../../io.ts';
import { cannot, giveUp } from '../../say.ts';
import { readSigningKey, type SigningKeyOptions } from './keys.ts';
import { isFile, readNamed } from './module-file.ts';
import { isReference, openRemote, persist } from './registry.ts';

export interface SignOptions extends SigningKeyOptions {
  readonly target: string;
  readonly output: Format;
}

/** Signs a module of a file, or an image in its registry. */
export async function sign(options: SignOptions, io: Io): Promise<number> {
  const key = await readSigningKey(options, io);
  if (!key.ok) return giveUp(key.error, io);
  const remote = isReference(options.target, await isFile(options.target, io));
  return remote ? signRemote(options, key.value, io) : signFile(options, key.value, io);
}

async function signFile(options: SignOptions, key: SigningKey, io: Io): Promise<number> {
  const module = await readNamed(options.target, 'the module', io);
  if (!module.ok) return giveUp(module.error, io);
  const path = `${options.target}.sig`;
  try {
    await writeFile(resolve(io.environment.cwd, path), `${signDetached(module.value, key)}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return giveUp(cannot(`cannot write ${path}: ${reason}`), io);
  }
  return report({ signature: path, digest: sha256(module.value) }, { key, options, io });
}

async function signRemote(options: SignOptions, key: SigningKey, io: Io): Promise<number> {
  const remote = await openRemote(options.target, 'pull,push', io);
  if (!remote.ok) return giveUp(remote.error, io);
  const { session, reference } = remote.value;
  const resolved = await persist(() => resolveImage(session, reference));
  if (!resolved.ok) return giveUp(resolved.error, io);
  const { named } = resolved.value;
  const signed = await persist(() => signImage(session, reference, named, key));
  if (!signed.ok) return giveUp(signed.error, io);
  const name = formatReference({ ...reference, tag: undefined, digest: named });
  return report({ signature: name, digest: named }, { key, options, io });
}

function report(
  { signature, digest }: { readonly signature: string; readonly digest: string },
  { key, options, io }: { key: SigningKey; options: SignOptions; io: Io },
): number {
  if (options.output === 'json') {
    io.out(JSON.stringify({ signature, sha256: digest, key: key.id }));
  } else io.out(`signed sha256:${digest} with key ${key.id.slice(0, 16)}: ${signature}`);
  return 0;
}
