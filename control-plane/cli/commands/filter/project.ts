import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ok, type Result } from '@lateen/sdk/base/result';
import type { Io } from '../../io.ts';
import { cannot } from '../../say.ts';
import { isFile } from './module-file.ts';

/** A folder with a filter's sources. */
export interface FilterProject {
  /** Of package.json without its scope, else the folder's. */
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  /** Relative to the folder, as the next one. */
  readonly entry: string;
  readonly out: string;
}

const ENTRY = 'assembly/index.ts';

export async function findProject(directory: string, io: Io): Promise<Result<FilterProject>> {
  const folder = resolve(io.environment.cwd, directory);
  if (!(await isFile(join(folder, ENTRY), io))) {
    const fix = 'lateen filter new NAME makes a folder with one';
    return { ok: false, error: cannot(`there is no ${ENTRY} in ${folder}`, fix) };
  }
  const name = (await packageName(folder)) ?? basename(folder);
  return ok({ name, directory: folder, entry: ENTRY, out: `${name}.wasm` });
}

async function packageName(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  try {
    const name: unknown = JSON.parse(text).name;
    return typeof name === 'string' && name !== '' ? basename(name) : undefined;
  } catch {
    return undefined;
  }
}
