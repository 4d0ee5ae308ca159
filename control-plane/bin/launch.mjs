// Runs on any Node since 18, also on one that is too old for Lateen itself: then it looks for the
// runtime that the repository pins. In the repository the TypeScript sources run as they are; in
// an installed package the emitted JavaScript does.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MINIMUM = [24, 15];

/** Runs `entry` (a path in the package without its ending, e.g. `cli/main`) as this process. */
export async function launch(entry) {
  const bin = dirname(fileURLToPath(import.meta.url));
  const root = dirname(bin);
  const source = join(root, `${entry}.ts`);
  const fromSource = !root.includes(`${sep}node_modules${sep}`) && existsSync(source);
  const file = fromSource ? source : join(root, 'dist', `${entry}.js`);
  const runtime = chooseRuntime(root, fromSource);
  if (runtime === undefined) return refuse();
  // Stripped and compiled once: `--help` from source takes 45 ms instead of 85.
  process.env.NODE_COMPILE_CACHE ??= join(cacheOf(root, fromSource), 'lateen-compile-cache');
  if (!fromSource && runtime === process.execPath) {
    process.argv[1] = file;
    await import(pathToFileURL(file).href);
    return;
  }
  const flags = fromSource ? ['--conditions=lateen-source'] : [];
  run(
    runtime,
    [...flags, file, ...process.argv.slice(2)],
    pathToFileURL(join(bin, 'lifeline.mjs')),
  );
}

function cacheOf(root, fromSource) {
  return fromSource ? join(dirname(root), 'node_modules/.cache') : tmpdir();
}

function chooseRuntime(root, fromSource) {
  const pinned = fromSource || !isNewEnough() ? findPinned(root) : undefined;
  return pinned ?? (isNewEnough() ? process.execPath : undefined);
}

function isNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

function findPinned(from) {
  const path = join(from, 'node_modules/node/bin/node');
  if (existsSync(path)) return path;
  return dirname(from) === from ? undefined : findPinned(dirname(from));
}

function refuse() {
  console.error(
    `LAT0001 Node ${process.version} is too old: Lateen needs ${MINIMUM.join('.')} or newer.\n` +
      '  fix: install a newer Node, or in the repository run npm install (it brings its own)',
  );
  process.exitCode = 1;
}

/** Becomes the other process where Node can (execve), else stands before it and passes signals on. */
function run(runtime, args, lifeline) {
  if (typeof process.execve === 'function') {
    process.execve(runtime, [runtime, ...args], process.env);
  }
  const child = spawn(runtime, ['--import', lifeline.href, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, LATEEN_LIFELINE: '3' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    console.error(`cannot start ${runtime}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}
