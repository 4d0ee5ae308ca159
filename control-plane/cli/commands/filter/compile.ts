import { readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { type ConfigFiles, configFiles, writeConfigFiles } from '@lateen/sdk/schema/build-config';
import { addSchemaSection } from '@lateen/sdk/schema/schema-section';
import { cannot } from '../../say.ts';
import type { FilterProject } from './project.ts';

export interface Compiled {
  /** null where the sources are wrong; then nothing was written. */
  readonly bytes: Uint8Array | null;
  readonly sourceMap: string | null;
  readonly problems: readonly Problem[];
  readonly ms: number;
}

/** What we use of the compiler's interface; it is the filter's own dependency. */
interface Asc {
  main(
    args: readonly string[],
    options: {
      readFile(name: string, base: string): Promise<string | null>;
      writeFile(name: string, contents: Uint8Array | string): void;
      listFiles(): readonly string[];
      reportDiagnostic(diagnostic: Diagnostic): void;
    },
  ): Promise<{ readonly error: Error | null }>;
}

interface Diagnostic {
  readonly message: string;
  readonly code: number;
  readonly category: number;
  readonly range: {
    /** Offsets in characters. */
    readonly start: number;
    readonly end: number;
    readonly source: { readonly normalizedPath: string } | null;
  } | null;
}

/** Categories of the compiler's diagnostics. */
const WARNING = 2;
const ERROR = 3;
/** Its own codes are below, those of TypeScript above. */
const TYPESCRIPT_CODES = 1000;

const SDK = '@lateen/sdk/package.json';
const COMPILER = 'assemblyscript/package.json';

/** Compiles in this process: the second time takes a fraction of the first. */
export async function compileFilter(project: FilterProject, release: boolean): Promise<Compiled> {
  const started = performance.now();
  const sdk = locate(SDK, project.directory);
  const compiler = locate(COMPILER, project.directory);
  if (sdk === undefined || compiler === undefined) {
    const name = sdk === undefined ? '@lateen/sdk' : 'assemblyscript';
    const problem = cannot(`${name} is not installed`, `npm install --save-dev ${name}`);
    return { bytes: null, sourceMap: null, problems: [problem], ms: 0 };
  }
  const config = readConfig(project.directory);
  if (!config.ok) {
    return { bytes: null, sourceMap: null, problems: [cannot(config.error)], ms: 0 };
  }
  if (config.value !== undefined) writeConfigFiles(config.value);
  const asc: Asc = await import(pathToFileURL(join(compiler, 'dist/asc.js')).href);
  const texts = new Map<string, string>();
  const written = new Map<string, Uint8Array | string>();
  const found: Diagnostic[] = [];
  const { error } = await asc.main(flagsFor(project, sdk, release), {
    readFile: async (name, base) => {
      const text = await readSource(resolve(base, name), sdk);
      if (text !== null) texts.set(name, text);
      return text;
    },
    writeFile: (name, contents) => void written.set(name, contents),
    listFiles: () => [],
    reportDiagnostic: (diagnostic) => void found.push(diagnostic),
  });
  const problems = found.flatMap((one) => problemOf(one, texts));
  if (error !== null && !hasErrors(problems)) problems.push(cannot(error.message));
  const ms = performance.now() - started;
  if (error !== null) return { bytes: null, sourceMap: null, problems, ms };
  const plain = written.get(project.out) as Uint8Array;
  const schema = config.value?.text;
  const bytes = schema === undefined ? plain : addSchemaSection(plain, schema);
  const map = written.get(`${project.out}.map`);
  return { bytes, sourceMap: map === undefined ? null : String(map), problems, ms };
}

/** What the filter's config.schema.json declares; undefined where it has none. */
function readConfig(directory: string): Result<ConfigFiles | undefined, string> {
  try {
    return ok(configFiles(directory));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/** Whole or not at all: who watches the module never reads half of it. */
export async function writeModule(project: FilterProject, compiled: Compiled): Promise<void> {
  const out = join(project.directory, project.out);
  if (compiled.sourceMap !== null) await replace(`${out}.map`, compiled.sourceMap);
  if (compiled.bytes !== null) await replace(out, compiled.bytes);
}

async function replace(file: string, contents: Uint8Array | string): Promise<void> {
  const beside = `${file}.${process.pid}.tmp`;
  await writeFile(beside, contents);
  await rename(beside, file);
}

/** The filter's own version, else the one that came with this program. */
function locate(name: string, directory: string): string | undefined {
  for (const from of [join(directory, 'package.json'), import.meta.filename]) {
    try {
      return dirname(createRequire(from).resolve(name));
    } catch {}
  }
  return undefined;
}

function flagsFor(project: FilterProject, sdk: string, release: boolean): readonly string[] {
  return [
    project.entry,
    ...['--baseDir', project.directory],
    ...['--config', join(sdk, 'assembly/asconfig.json')],
    ...['--target', release ? 'release' : 'debug'],
    ...['--outFile', project.out],
  ];
}

/** Where no SDK is installed beside the filter, the one that was found takes its place. */
async function readSource(file: string, sdk: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  const within = /[\\/]node_modules[\\/]@lateen[\\/]sdk[\\/](.*)$/.exec(file)?.[1];
  if (text !== null || within === undefined) return text;
  return readFile(join(sdk, within), 'utf8').catch(() => null);
}

/** The codes are the compiler's, under which its users find them explained. */
function problemOf(diagnostic: Diagnostic, texts: ReadonlyMap<string, string>): Problem[] {
  const { category, code, message, range } = diagnostic;
  if (category < WARNING) return [];
  const file = range?.source?.normalizedPath ?? 'assembly';
  const text = texts.get(file);
  const place = range === null || text === undefined ? {} : placeOf(text, range.start, range.end);
  return [
    {
      level: category === ERROR ? 'error' : 'warning',
      code: `${code < TYPESCRIPT_CODES ? 'AS' : 'TS'}${code}`,
      message,
      origin: { file, ...place },
    },
  ];
}

function placeOf(text: string, start: number, end: number) {
  const lines = text.slice(0, start).split('\n');
  const column = (lines.at(-1)?.length ?? 0) + 1;
  const sourceLine = text.split('\n')[lines.length - 1] ?? '';
  const length = Math.max(1, Math.min(end - start, sourceLine.length - column + 1));
  return { line: lines.length, column, sourceLine, length };
}
