import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import { isDigest, sha256 } from './digest.ts';
import { failed, STORE_FAILED } from './problem.ts';

const RECORDS_MAX = 10_000;
const RECORD_BYTES_MAX = 4 * 1024 * 1024;

/** What was last fetched from a place. */
export interface Origin {
  /** Of the module. */
  readonly digest: string;
  /** Digest of the image's manifest. */
  readonly manifest: string | undefined;
  /** Ids of keys whose signatures were checked then. */
  readonly signedBy: readonly string[];
}

/** A version of a plugin that worked: its resource as it was written then, and its module. */
export interface LastGood extends Origin {
  readonly raw: JsonObject;
}

/**
 * What is remembered about modules across restarts, one file an entry: so several processes may
 * share a directory, and a crash costs no more than the entry it was writing. A file that cannot
 * be read counts as absent.
 */
export interface Records {
  origin(place: string): Promise<Origin | undefined>;
  setOrigin(place: string, origin: Origin): Promise<void>;
  lastGood(plugin: string): Promise<LastGood | undefined>;
  /** Undefined: there is none any more. */
  setLastGood(plugin: string, good: LastGood | undefined): Promise<void>;
}

export async function openRecords(directory: string): Promise<Result<Records>> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await prune(directory);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failed(STORE_FAILED, `cannot use ${directory} for what is known of modules: ${reason}`);
  }
  const read = (name: string) => readRecord(directory, name);
  const write = (name: string, value: object) => writeRecord(directory, name, value);
  return ok({
    origin: async (place) => parseOrigin(await read(`origin ${place}`)),
    setOrigin: (place, origin) => write(`origin ${place}`, origin),
    lastGood: async (plugin) => parseLastGood(await read(`good ${plugin}`)),
    setLastGood: (plugin, good) =>
      good === undefined
        ? rm(fileOf(directory, `good ${plugin}`), { force: true })
        : write(`good ${plugin}`, good),
  });
}

function fileOf(directory: string, name: string): string {
  return join(directory, `${sha256(Buffer.from(name))}.json`);
}

async function readRecord(directory: string, name: string): Promise<JsonObject | undefined> {
  const file = fileOf(directory, name);
  try {
    if ((await stat(file)).size > RECORD_BYTES_MAX) return undefined;
    const json: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isJsonObject(json) && json['name'] === name ? json : undefined;
  } catch {
    return undefined;
  }
}

async function writeRecord(directory: string, name: string, value: object): Promise<void> {
  const temporary = join(directory, `${randomBytes(8).toString('hex')}.tmp`);
  try {
    const text = JSON.stringify({ name, ...value });
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
    await rename(temporary, fileOf(directory, name));
  } catch {
    // It costs a fetch after the next restart, and nothing now.
    await rm(temporary, { force: true });
  }
}

function parseOrigin(json: JsonObject | undefined): Origin | undefined {
  if (json === undefined) return undefined;
  const { digest, manifest, signedBy } = json;
  if (typeof digest !== 'string' || !isDigest(digest) || !Array.isArray(signedBy)) return undefined;
  const keys = signedBy.filter((id) => typeof id === 'string');
  return { digest, manifest: typeof manifest === 'string' ? manifest : undefined, signedBy: keys };
}

function parseLastGood(json: JsonObject | undefined): LastGood | undefined {
  const origin = parseOrigin(json);
  const raw = json?.['raw'];
  return origin === undefined || !isJsonObject(raw) ? undefined : { ...origin, raw };
}

/** At opening: the oldest beyond the limit go, and what a crash left half-written. */
async function prune(directory: string): Promise<void> {
  const names = await readdir(directory);
  const files: { path: string; at: number }[] = [];
  for (const name of names) {
    const path = join(directory, name);
    const at = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (at === undefined) continue;
    if (name.endsWith('.tmp') && at < Date.now() - STALE_MS) await rm(path, { force: true });
    else files.push({ path, at });
  }
  const excess = files
    .sort((a, b) => a.at - b.at)
    .slice(0, Math.max(0, files.length - RECORDS_MAX));
  for (const { path } of excess) await rm(path, { force: true });
}

/** Younger ones may be another process's, which is about to rename them. */
const STALE_MS = 3_600_000;
