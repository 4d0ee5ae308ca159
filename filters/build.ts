/**
 * Builds the bundled filters: every folder of the catalog becomes dist/<name>.wasm with a source
 * map beside it, and dist/manifest.json lists them all. What has not changed is not built again.
 *
 *     node --conditions=lateen-source filters/build.ts [--force]
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CATALOG, type CatalogEntry } from './catalog.ts';
import { compileAssembly } from './compile-assembly.ts';

const FILTERS = dirname(fileURLToPath(import.meta.url));
const SDK = join(FILTERS, '../sdk');
const PACKAGE_LOCK = join(FILTERS, '../package-lock.json');
const TYPE_URL_PREFIX = 'type.googleapis.com/';
/** Speed first; of two equally fast forms the smaller one. */
const RELEASE = ['-O3s', '--sourceMap'];

export interface BuildOptions {
  /** Where modules and manifest go. */
  readonly dist: string;
  /** Builds what has not changed too. */
  readonly force: boolean;
}

/** Builds what is out of date; returns the names of the modules that were compiled. */
export async function buildFilters(options: BuildOptions): Promise<readonly string[]> {
  const { dist, force } = options;
  await mkdir(dist, { recursive: true });
  const next = await mkdtemp(join(dist, 'next-'));
  const shared = await digestOfFiles([`${SDK}/assembly/**/*`, `${SDK}/abi/*.ts`, PACKAGE_LOCK]);
  const before = force ? {} : await readStates(dist);
  const states: Record<string, string> = {};
  const compiled: string[] = [];
  try {
    for (const entry of CATALOG) {
      const own = await digestOfFiles([`${FILTERS}/${entry.name}/assembly/**/*.ts`]);
      states[entry.name] = sha256(Buffer.from([...RELEASE, shared, own].join(' ')));
      const known = before[entry.name] === states[entry.name];
      if (known && existsSync(join(dist, fileOf(entry)))) continue;
      const source = join(FILTERS, entry.name, 'assembly/index.ts');
      await compileAssembly({ entry: source, out: join(next, fileOf(entry)), flags: RELEASE });
      compiled.push(entry.name);
    }
    // All at once, when nothing can fail any more: whoever starts meanwhile finds what fits together.
    for (const file of await readdir(next)) await rename(join(next, file), join(dist, file));
  } finally {
    await rm(next, { recursive: true });
  }
  await writeManifest(dist);
  await replaceFile(join(dist, 'sources.json'), states);
  return compiled;
}

async function writeManifest(dist: string): Promise<void> {
  const modules = [];
  for (const entry of CATALOG) {
    const bytes = await readFile(join(dist, fileOf(entry)));
    modules.push({
      name: entry.name,
      file: fileOf(entry),
      digest: `sha256:${sha256(bytes)}`,
      size: bytes.length,
      abi: '0.2.1',
      serves: entry.serves.map((type) => TYPE_URL_PREFIX + type),
      watches: entry.watches === true,
      trusted: true,
    });
  }
  await replaceFile(join(dist, 'manifest.json'), { modules });
}

function fileOf(entry: CatalogEntry): string {
  return `${entry.name}.wasm`;
}

/** One digest over names and contents, independent of where the repository stands. */
async function digestOfFiles(patterns: readonly string[]): Promise<string> {
  const files: string[] = [];
  for (const pattern of patterns) {
    for await (const file of glob(pattern)) files.push(file);
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    if (!/\.(ts|json)$/.test(file) || file.includes('/testing/')) continue;
    hash.update(file.slice(dirname(FILTERS).length));
    hash.update(await readFile(file));
  }
  return hash.digest('hex');
}

async function readStates(dist: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(join(dist, 'sources.json'), 'utf8'));
  } catch {
    return {};
  }
}

/** A reader sees the old file or the new one, never half of it. */
async function replaceFile(path: string, content: object): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  const compiled = await buildFilters({
    dist: join(FILTERS, 'dist'),
    force: process.argv.includes('--force'),
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (compiled.length > 0) console.log(`filters: built ${compiled.join(', ')} in ${seconds} s`);
}
