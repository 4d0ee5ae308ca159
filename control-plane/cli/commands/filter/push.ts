import { basename } from 'node:path';
import { ok, type Result } from '@lateen/sdk/base/result';
import { compileModule } from '../../../modules/compile.ts';
import { type ModuleParts, pushModule, TITLE } from '../../../modules/oci/push.ts';
import { formatReference } from '../../../modules/oci/reference.ts';
import type { SigningKey } from '../../../modules/signature/private-key.ts';
import { signImage } from '../../../modules/signature/sign-image.ts';
import type { Format, Io } from '../../io.ts';
import { cannot, giveUp } from '../../say.ts';
import { readSigningKey } from './keys.ts';
import { readIfThere, readNamed } from './module-file.ts';
import { openRemote, persist } from './registry.ts';

export interface PushOptions {
  readonly file: string;
  readonly reference: string;
  readonly schema?: string | undefined;
  readonly readme?: string | undefined;
  readonly sourceMap?: string | undefined;
  /** `name=value`. */
  readonly annotation?: readonly string[] | undefined;
  /** Path of a private key: what was pushed is signed. */
  readonly sign?: string | undefined;
  readonly keyPasswordFile?: string | undefined;
  readonly output: Format;
}

/** Puts a module, and what belongs to it, into a registry. */
export async function push(options: PushOptions, io: Io): Promise<number> {
  const prepared = await prepare(options, io);
  if (!prepared.ok) return giveUp(prepared.error, io);
  const { parts, key } = prepared.value;
  const remote = await openRemote(options.reference, 'pull,push', io);
  if (!remote.ok) return giveUp(remote.error, io);
  const { session, reference } = remote.value;
  if (reference.digest !== undefined) {
    return giveUp(cannot('a digest follows from what is pushed', 'write a tag alone'), io);
  }
  const pushed = await persist(() => pushModule(session, reference, parts));
  if (!pushed.ok) return giveUp(pushed.error, io);
  const { digest, module, size } = pushed.value;
  if (key !== undefined) {
    const signed = await persist(() => signImage(session, reference, digest, key));
    if (!signed.ok) return giveUp(signed.error, io);
  }
  const name = formatReference({ ...reference, tag: undefined, digest });
  if (options.output === 'json') {
    const tagged = formatReference(reference);
    io.out(JSON.stringify({ reference: tagged, name, digest, sha256: module, size, key: key?.id }));
    return 0;
  }
  io.out(`pushed oci://${name}`);
  if (key !== undefined) io.out(`signed with key ${key.id.slice(0, 16)}`);
  return 0;
}

interface Prepared {
  readonly parts: ModuleParts;
  readonly key: SigningKey | undefined;
}

/** Everything that can be wrong on this side is found before anything is sent. */
async function prepare(options: PushOptions, io: Io): Promise<Result<Prepared>> {
  const module = await readNamed(options.file, 'the module', io);
  if (!module.ok) return module;
  const compiled = await compileModule(module.value);
  if (!compiled.ok) return compiled;
  const stem = options.file.replace(/\.wasm$/, '');
  const schema = await part(options.schema, `${stem}.schema.json`, io);
  if (!schema.ok) return schema;
  const sourceMap = await part(options.sourceMap, `${options.file}.map`, io);
  if (!sourceMap.ok) return sourceMap;
  const readme = await part(options.readme, `${stem}.md`, io);
  if (!readme.ok) return readme;
  const annotations = annotationsOf(options);
  if (!annotations.ok) return annotations;
  const { sign, keyPasswordFile } = options;
  const key =
    sign === undefined ? ok(undefined) : await readSigningKey({ key: sign, keyPasswordFile }, io);
  if (!key.ok) return key;
  const parts = {
    module: module.value,
    schema: schema.value,
    sourceMap: sourceMap.value,
    readme: readme.value,
    annotations: annotations.value,
  };
  return ok({ parts, key: key.value });
}

/** A file that was named must be there; one that usually stands beside the module need not. */
async function part(
  named: string | undefined,
  usual: string,
  io: Io,
): Promise<Result<Uint8Array | undefined>> {
  return named === undefined ? ok(await readIfThere(usual, io)) : readNamed(named, 'the file', io);
}

function annotationsOf(options: PushOptions): Result<Readonly<Record<string, string>>> {
  const annotations: Record<string, string> = { [TITLE]: basename(options.file) };
  for (const text of options.annotation ?? []) {
    const equals = text.indexOf('=');
    if (equals < 1) {
      return { ok: false, error: cannot(`${text} is no annotation`, 'write name=value') };
    }
    annotations[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return ok(annotations);
}
