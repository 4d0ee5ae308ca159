import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from '@lateen/sdk/base/result';
import { isDigest, sha256 } from './digest.ts';
import { failed, STORE_FAILED } from './problem.ts';

const STORE_BYTES_MAX = 2 * 1024 * 1024 * 1024;
const STALE_MS = 3_600_000;

/**
 * Modules by digest, one file each. What is read is checked against its name, so a file that was
 * damaged or swapped is as good as absent.
 */
export interface ModuleStore {
  has(digest: string): Promise<boolean>;
  /** The module's bytes; undefined where there is none with that digest. */
  read(digest: string): Promise<Uint8Array | undefined>;
  /** Returns the digest. */
  write(bytes: Uint8Array): Promise<Result<string>>;
  /** Deletes the longest unused, other than `keep`, until the store is within its limit. */
  prune(keep: ReadonlySet<string>): Promise<void>;
}

export async function openModuleStore(
  directory: string,
  bytesMax: number = STORE_BYTES_MAX,
  onDamaged: (digest: string) => void = () => {},
): Promise<Result<ModuleStore>> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    return failed(STORE_FAILED, `cannot use ${directory} for modules: ${reason(error)}`);
  }
  const fileOf = (digest: string): string => join(directory, `${digest}.wasm`);
  const read = async (digest: string): Promise<Uint8Array | undefined> => {
    if (!isDigest(digest)) return undefined;
    const bytes = await readFile(fileOf(digest)).catch(() => undefined);
    if (bytes === undefined) return undefined;
    if (sha256(bytes) === digest) {
      const now = new Date();
      await utimes(fileOf(digest), now, now).catch(() => undefined);
      return bytes;
    }
    onDamaged(digest);
    await rm(fileOf(digest), { force: true });
    return undefined;
  };
  return ok({
    read,
    has: async (digest) => (await read(digest)) !== undefined,
    write: (bytes) => write(directory, fileOf, bytes),
    prune: (keep) => prune(directory, bytesMax, keep),
  });
}

/** Temporary file, fsync, rename: a crash leaves the old state or the new one. */
async function write(
  directory: string,
  fileOf: (digest: string) => string,
  bytes: Uint8Array,
): Promise<Result<string>> {
  const digest = sha256(bytes);
  const temporary = join(directory, `${digest}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, fileOf(digest));
    return ok(digest);
  } catch (error) {
    await rm(temporary, { force: true });
    return failed(STORE_FAILED, `cannot keep the module: ${reason(error)}`);
  }
}

async function prune(
  directory: string,
  bytesMax: number,
  keep: ReadonlySet<string>,
): Promise<void> {
  const files: { path: string; digest: string; size: number; usedAt: number }[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) continue;
    // Another process may be about to rename it; an old one is what a crash left.
    if (name.endsWith('.tmp') && info.mtimeMs > Date.now() - STALE_MS) continue;
    const digest = name.replace(/\.wasm$/, '');
    files.push({ path, digest, size: info.size, usedAt: info.mtimeMs });
  }
  let total = files.reduce((sum, file) => sum + file.size, 0);
  for (const file of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= bytesMax) return;
    if (keep.has(file.digest)) continue;
    await rm(file.path, { force: true });
    total -= file.size;
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
