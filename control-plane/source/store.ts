import { mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { stringify } from 'yaml';
import type { ConfigObject } from '../api/object.ts';
import { errorCode, errorText } from './read-tree.ts';

export interface ObjectName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The control plane's own directory of resources: what `lateen apply` writes. */
export interface ResourceStore {
  /** The directory, to be handed to `openFileSource` as one of its paths. */
  readonly dir: string;
  /** Writes one file per object, each atomically and durably. */
  put(objects: readonly ConfigObject[]): Promise<Result<void>>;
  /** False where there was no such object. */
  delete(name: ObjectName): Promise<Result<boolean>>;
}

/** Makes the directory where it is missing (0700) and removes what a crash left half-written. */
export async function openStore(dir: string): Promise<Result<ResourceStore>> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const names = await readdir(dir);
    const leftovers = names.filter((name) => name.startsWith(TEMPORARY));
    await Promise.all(leftovers.map((name) => rm(join(dir, name), { force: true })));
    return ok(new DirectoryStore(dir));
  } catch (error) {
    return fail(storeProblem(dir, error));
  }
}

/** Hidden, so that the file source never reads a file that is being written. */
const TEMPORARY = '.new-';

class DirectoryStore implements ResourceStore {
  readonly dir: string;
  #count = 0;

  constructor(dir: string) {
    this.dir = dir;
  }

  async put(objects: readonly ConfigObject[]): Promise<Result<void>> {
    try {
      for (const object of objects) await this.#write(object);
      await syncDirectory(this.dir);
      return ok(undefined);
    } catch (error) {
      return fail(storeProblem(this.dir, error));
    }
  }

  async delete(name: ObjectName): Promise<Result<boolean>> {
    try {
      await unlink(join(this.dir, fileName(name)));
      await syncDirectory(this.dir);
      return ok(true);
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? ok(false) : fail(storeProblem(this.dir, error));
    }
  }

  /** Temporary file, fsync, rename: after a crash there is the old version or the new one. */
  async #write(object: ConfigObject): Promise<void> {
    const { name, namespace } = object.metadata;
    const temporary = join(this.dir, `${TEMPORARY}${process.pid}-${this.#count++}`);
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(stringify(withNamespace(object.raw, namespace), { lineWidth: 0 }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, join(this.dir, fileName({ kind: object.kind, namespace, name })));
  }
}

/** Names are checked to be DNS names, so they are safe in a path; `_` never stands in one. */
function fileName({ kind, namespace, name }: ObjectName): string {
  const safe = (text: string): string =>
    encodeURIComponent(text.toLowerCase()).replaceAll('*', '%2A');
  return `${safe(kind)}_${safe(namespace)}_${safe(name)}.yaml`;
}

function withNamespace(raw: JsonObject, namespace: string): JsonObject {
  const metadata = raw['metadata'];
  return { ...raw, metadata: { ...(typeof metadata === 'object' ? metadata : {}), namespace } };
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function storeProblem(dir: string, error: unknown): Problem {
  return {
    level: 'error',
    code: 'LAT0107',
    message: `the store cannot be written: ${errorText(error)}`,
    origin: { file: dir },
  };
}
