import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SOURCES = new URL('./modules/', import.meta.url).pathname;
const CACHE = new URL('../../node_modules/.cache/lateen-conformance/', import.meta.url).pathname;
const BUILD_TIMEOUT_MS = 10 * 60_000;

/** A module built by another language's toolchain, or why there is none on this machine. */
export type BuiltBy = { readonly bytes: Uint8Array } | { readonly skipped: string };

export async function buildWithRust(): Promise<BuiltBy> {
  const target = path.join(CACHE, 'rust');
  return build(
    'cargo',
    ['build', '--release', '--target', 'wasm32-wasip1', '--target-dir', target],
    {
      folder: 'rust',
      environment: {},
      output: path.join(target, 'wasm32-wasip1/release/conformance.wasm'),
    },
  );
}

export async function buildWithGo(): Promise<BuiltBy> {
  const output = path.join(CACHE, 'go/conformance.wasm');
  return build('go', ['build', '-buildmode=c-shared', '-o', output, '.'], {
    folder: 'go',
    environment: { GOOS: 'wasip1', GOARCH: 'wasm' },
    output,
  });
}

interface Build {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly output: string;
}

/** A toolchain, its target or its packages may be missing: that is a reason, not a failure. */
async function build(command: string, args: string[], what: Build): Promise<BuiltBy> {
  await mkdir(path.dirname(what.output), { recursive: true });
  try {
    await run(command, args, {
      cwd: path.join(SOURCES, what.folder),
      env: { ...process.env, ...what.environment },
      timeout: BUILD_TIMEOUT_MS,
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return {
      skipped: `${command} builds no module here: ${text.split('\n').slice(0, 6).join(' ')}`,
    };
  }
  return { bytes: await readFile(what.output) };
}
