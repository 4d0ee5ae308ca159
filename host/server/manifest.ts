import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isJsonObject, type Json } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';

/** A module that came with the host, and the message types that it serves. */
export interface BundledModule {
  readonly name: string;
  /** `sha256:` and hex. */
  readonly digest: string;
  readonly serves: readonly string[];
  /** Its failure leaves the stream alone: it only watches. Others fail their streams. */
  readonly watches: boolean;
  readonly bytes: Uint8Array;
}

const MANIFEST_BYTES_MAX = 1024 * 1024;

/** Where the modules stand: `--modules DIR`, or the package of bundled filters. */
export function modulesDirectory(given: string | undefined): string {
  if (given !== undefined) return given;
  const packageFile = createRequire(import.meta.url).resolve('@lateen/filters/package.json');
  return join(dirname(packageFile), 'dist');
}

/**
 * Reads `manifest.json` and the modules beside it; each must have the digest that the manifest
 * says. A file that is missing, broken or changed is a problem that names it.
 */
export async function loadManifest(directory: string): Promise<Result<readonly BundledModule[]>> {
  const file = join(directory, 'manifest.json');
  const text = await readText(file);
  if (!text.ok) return text;
  let json: Json;
  try {
    json = JSON.parse(text.value);
  } catch (cause) {
    return fail(problem(file, `is no JSON: ${cause instanceof Error ? cause.message : ''}`));
  }
  const entries = isJsonObject(json) ? json['modules'] : undefined;
  if (!Array.isArray(entries)) return fail(problem(file, 'has no list "modules"'));
  const modules: BundledModule[] = [];
  for (const [index, entry] of entries.entries()) {
    const module = await readEntry(directory, entry, `${file} modules[${index}]`);
    if (!module.ok) return module;
    modules.push(module.value);
  }
  return ok(modules);
}

async function readEntry(
  directory: string,
  entry: Json,
  where: string,
): Promise<Result<BundledModule>> {
  const { name, file, digest, serves, watches } = isJsonObject(entry) ? entry : {};
  if (typeof name !== 'string' || typeof file !== 'string' || typeof digest !== 'string') {
    return fail(problem(where, 'needs name, file and digest'));
  }
  if (file.includes('/') || file.includes('\\'))
    return fail(problem(where, 'file is no file name'));
  const path = join(directory, file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch {
    return fail(problem(path, 'cannot be read'));
  }
  const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (found !== digest) return fail(problem(path, `has ${found}, the manifest says ${digest}`));
  const types = Array.isArray(serves) ? serves.filter((type) => typeof type === 'string') : [];
  return ok({ name, digest, serves: types, watches: watches === true, bytes });
}

async function readText(file: string): Promise<Result<string>> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > MANIFEST_BYTES_MAX) return fail(problem(file, 'is larger than 1 MiB'));
    return ok(bytes.toString('utf8'));
  } catch {
    return fail({
      ...problem(file, 'cannot be read'),
      fix: 'build the bundled filters, or name a directory with a manifest.json by --modules',
    });
  }
}

function problem(file: string, message: string): Problem {
  return { level: 'error', code: 'LAT0301', message, origin: { file } };
}
