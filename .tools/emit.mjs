// Emits a package's JavaScript and types to its dist/, for `npm pack`: Node strips no types under
// node_modules. Packages that it imports are emitted first, because types are resolved as a user's
// compiler will resolve them; one whose sources have not changed is left alone.
// Usage: node .tools/emit.mjs NAME
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** In order of import. */
const packages = ['sdk', 'filters', 'host', 'control-plane'];

/** Tests, what runs only in the repository, and AssemblyScript (shipped as it is). */
const left = [
  '**/*.test.ts',
  '**/fixtures',
  '**/build.ts',
  'dist',
  'node_modules',
  'assembly',
  '*/assembly',
  'templates',
  'examples',
  '*/testing',
];

/** What stands beside the code and is read at run time. */
const assets = ['**/*.{yaml,html,css}', 'admin/ui/**'];

/** Outside the packages, so that nothing of it is packed. */
const cache = join(root, 'node_modules/.cache/lateen');

const wanted = packages.indexOf(process.argv[2]);
if (wanted === -1) {
  console.error(`usage: node .tools/emit.mjs ${packages.join('|')}`);
  process.exit(64);
}
mkdirSync(cache, { recursive: true });
let stale = false;
for (const name of packages.slice(0, wanted + 1)) {
  // What imports a package that has changed is checked against it again.
  stale ||= isStale(name);
  if (stale) emit(name);
}

function isStale(name) {
  const emitted = statSync(join(cache, `emitted-${name}`), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const exclude = ['dist/**', 'node_modules/**'];
  const sources = globSync('**/*.{ts,yaml,html,css,json}', { cwd: join(root, name), exclude });
  return sources.some((file) => statSync(join(root, name, file)).mtimeMs > emitted);
}

function emit(name) {
  const directory = join(root, name);
  const dist = join(directory, 'dist');
  // What a build of another day left would be packed too; modules and descriptors stay.
  for (const file of globSync('**/*.{js,d.ts}', { cwd: dist })) rmSync(join(dist, file));
  const config = writeConfig(name, directory, dist);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', config], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
  const exclude = ['dist/**', 'node_modules/**', '**/*.test.*'];
  for (const pattern of assets) {
    for (const file of globSync(pattern, { cwd: directory, exclude })) {
      cpSync(join(directory, file), join(dist, file), { recursive: true });
    }
  }
  cpSync(join(root, 'LICENSE'), join(dist, 'LICENSE'));
  writeFileSync(join(cache, `emitted-${name}`), '');
}

function writeConfig(name, directory, dist) {
  const file = join(cache, `emit-${name}.json`);
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noEmitOnError: true,
      declaration: true,
      rootDir: directory,
      outDir: dist,
      // Not the sources of the other packages, but what they ship.
      customConditions: [],
      paths: {},
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [join(directory, '**/*.ts')],
    exclude: left.map((pattern) => join(directory, pattern)),
  };
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}
