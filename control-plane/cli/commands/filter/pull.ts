import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { sha256 } from '../../../modules/digest.ts';
import { pullModule, pullPart, resolveImage } from '../../../modules/oci/pull.ts';
import { README_LAYER, SCHEMA_LAYER, SOURCE_MAP_LAYER } from '../../../modules/oci/push.ts';
import { formatReference } from '../../../modules/oci/reference.ts';
import { verifyImage } from '../../../modules/signature/image-signature.ts';
import type { Format, Io } from '../../io.ts';
import { cannot, giveUp } from '../../say.ts';
import { readPublicKey } from './keys.ts';
import { openRemote, persist, type Remote } from './registry.ts';

export interface PullOptions {
  readonly reference: string;
  readonly directory: string;
  /** Path of the public key with which it must be signed. */
  readonly key?: string | undefined;
  readonly force?: boolean | undefined;
  readonly output: Format;
}

interface Pulled {
  /** Of the image's manifest. */
  readonly digest: string;
  /** By ending. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Fetches a module, and what belongs to it, from a registry. */
export async function pull(options: PullOptions, io: Io): Promise<number> {
  const remote = await openRemote(options.reference, 'pull', io);
  if (!remote.ok) return giveUp(remote.error, io);
  const pulled = await persist(() => fetchAll(remote.value, options, io));
  if (!pulled.ok) return giveUp(pulled.error, io);
  const { reference } = remote.value;
  const name = reference.repository.split('/').at(-1) ?? 'plugin';
  const written = await write(pulled.value.files, name, options, io);
  if (!written.ok) return giveUp(written.error, io);
  const { digest, files } = pulled.value;
  const module = sha256(files.get('.wasm') ?? Buffer.alloc(0));
  const exact = formatReference({ ...reference, tag: undefined, digest });
  if (options.output === 'json') {
    io.out(JSON.stringify({ name: exact, digest, sha256: module, files: written.value }));
  } else io.out(`pulled oci://${exact}: ${written.value.join(', ')}`);
  return 0;
}

async function fetchAll(
  { session, reference }: Remote,
  options: PullOptions,
  io: Io,
): Promise<Result<Pulled>> {
  const resolved = await resolveImage(session, reference);
  if (!resolved.ok) return resolved;
  const { named, digest, image } = resolved.value;
  if (options.key !== undefined) {
    const key = await readPublicKey(options.key, io);
    if (!key.ok) return key;
    const verified = await verifyImage(session, [named, digest], [[key.value]]);
    if (!verified.ok) return verified;
  }
  const module = await pullModule(session, image);
  if (!module.ok) return module;
  const files = new Map([['.wasm', module.value]]);
  const others = [
    ['.schema.json', SCHEMA_LAYER],
    ['.md', README_LAYER],
    ['.wasm.map', SOURCE_MAP_LAYER],
  ] as const;
  for (const [ending, mediaType] of others) {
    const part = await pullPart(session, image, mediaType);
    if (!part.ok) return part;
    if (part.value !== undefined) files.set(ending, part.value);
  }
  return ok({ digest, files });
}

/** What is there is not written over unless that was asked for. */
async function write(
  files: ReadonlyMap<string, Uint8Array>,
  name: string,
  { directory, force }: PullOptions,
  io: Io,
): Promise<Result<readonly string[]>> {
  const flag = force === true ? 'w' : 'wx';
  const written: string[] = [];
  try {
    await mkdir(resolve(io.environment.cwd, directory), { recursive: true });
    for (const [ending, bytes] of files) {
      const path = join(directory, `${name}${ending}`);
      await writeFile(resolve(io.environment.cwd, path), bytes, { flag });
      written.push(path);
    }
    return ok(written);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const fix =
      code === 'EEXIST' ? '--force writes over it; --directory chooses another place' : undefined;
    return fail(cannot(`cannot write: ${message}`, fix));
  }
}
