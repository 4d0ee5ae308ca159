import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ok, type Result } from '@lateen/sdk/base/result';
import { FETCH_LIMITS } from '../../../modules/limits.ts';
import { FETCH_FAILED, failed } from '../../../modules/problem.ts';
import type { Io } from '../../io.ts';

const FILE_BYTES_MAX = FETCH_LIMITS.moduleBytesMax;

/** A file that the user named, whole. `what` stands in the problem. */
export async function readNamed(path: string, what: string, io: Io): Promise<Result<Buffer>> {
  const file = resolve(io.environment.cwd, path);
  try {
    const { size } = await stat(file);
    if (size > FILE_BYTES_MAX) {
      return failed(FETCH_FAILED, `${path} is larger than ${FILE_BYTES_MAX} bytes`);
    }
    return ok(await readFile(file));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failed(FETCH_FAILED, `cannot read ${what} ${path}: ${reason}`);
  }
}

/** A file that may be there; undefined where it is not. */
export async function readIfThere(path: string, io: Io): Promise<Buffer | undefined> {
  return await readFile(resolve(io.environment.cwd, path)).catch(() => undefined);
}

export async function isFile(path: string, io: Io): Promise<boolean> {
  const info = await stat(resolve(io.environment.cwd, path)).catch(() => undefined);
  return info?.isFile() === true;
}
