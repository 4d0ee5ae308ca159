// Makes a checkout ready to run: dependencies, then what is generated (descriptor set, modules).
// Plain JavaScript for whatever Node the system has (20 is enough); both steps are skipped when
// there is nothing to do. Usage: node .tools/ensure.mjs
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinnedNode = join(root, 'node_modules/.bin/node');

/** In order; each rebuilds only what its sources have outgrown. */
const builders = ['sdk/xds/build.ts', 'filters/build.ts'];

if (!isInstalled()) {
  console.error('installing dependencies ...');
  // Not `npm ci`: it refuses a lock file that does not list the packages of every other platform.
  const flags = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['install', ...flags], 'npm install');
  if (!existsSync(pinnedNode)) {
    fail(
      `npm install has not brought ${pinnedNode}: are install scripts switched off (npm config get ignore-scripts)?`,
    );
  }
}
for (const builder of builders) run(pinnedNode, ['--conditions=lateen-source', builder], builder);

/** Whether every package of the lock file is there in its version. npm writes what it installed into a lock file of its own. */
function isInstalled() {
  const wanted = readLock(join(root, 'package-lock.json'));
  const present = readLock(join(root, 'node_modules/.package-lock.json'));
  if (wanted === undefined) fail('package-lock.json is missing or is not JSON');
  if (present === undefined || !existsSync(pinnedNode)) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.link || entry.optional) return true;
    return present.packages[path]?.version === entry.version;
  });
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Standard output is the command's own that follows (`npm start -- -o json`), so all goes to standard error. */
function run(command, args, what) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error !== undefined) fail(`${what}: ${error.message}`);
  if (status !== 0) fail(`${what} failed`);
}

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(1);
}
