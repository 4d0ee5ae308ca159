import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '@lateen/sdk/base/result';

const TOKEN_BYTES = 32;

/** The token in `path`, made there at the first call. Only its owner may read the file. */
export async function openToken(path: string): Promise<Result<string>> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const known = await readFile(path, 'utf8').catch(() => undefined);
    if (known !== undefined) return await checked(path, known.trim());
    const token = randomBytes(TOKEN_BYTES).toString('hex');
    const temporary = `${path}.${process.pid}.tmp`;
    await writeFile(temporary, `${token}\n`, { mode: 0o600, flag: 'w' });
    await chmod(temporary, 0o600);
    await rename(temporary, path);
    return ok(token);
  } catch (error) {
    return refused(path, error instanceof Error ? error.message : String(error));
  }
}

async function checked(path: string, token: string): Promise<Result<string>> {
  if (((await stat(path)).mode & 0o077) !== 0) {
    return refused(path, 'others may read it', `chmod 600 ${path}`);
  }
  if (token.length < TOKEN_BYTES) return refused(path, 'holds no token', `rm ${path}`);
  return ok(token);
}

function refused(path: string, why: string, fix?: string): Result<string> {
  return fail({
    level: 'error',
    code: 'LAT0501',
    message: `the control plane's token cannot be used: ${why}`,
    origin: { file: path },
    ...(fix === undefined ? {} : { fix }),
  });
}
