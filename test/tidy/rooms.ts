/**
 * The house (design.md): inside a room the folders stand in an order, and a file imports its own
 * folder and those before it.
 */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  sdk: ['base', 'abi', 'xds', 'assembly', 'schema', 'reference', 'templates', 'examples'],
  host: [
    'observe',
    'net',
    'http',
    'upstream',
    'wasm',
    'filter',
    'stream',
    'config',
    'admin',
    'server',
    'testing',
    '.',
    'bin',
  ],
  'control-plane': [
    'api',
    'source',
    'mesh',
    'translate',
    'xds',
    'modules',
    'identity',
    'status',
    'admin',
    'cli',
    'deploy',
    '.',
    'bin',
  ],
};

/** A seam that a later folder owns may be named, as types only, by an earlier one. */
const SEAMS: ReadonlySet<string> = new Set([
  'host/wasm/effects.ts',
  'host/http/codec.ts',
  'host/upstream/seam.ts',
]);

/** Why this import is not allowed, or undefined. Both are paths from the root of the repository. */
export function forbids(from: string, to: string, typeOnly: boolean): string | undefined {
  const room = roomOf(from);
  const target = roomOf(to);
  if (room === undefined || target === undefined) return undefined;
  if (isTest(from)) return forbidsTest(from, to);
  if (isTest(to) || target === 'test') return 'only tests import tests and their kit';
  if (room !== target) return forbidsRoom(from, to);
  if (room === 'filters') return forbidsFilter(from, to);
  if (typeOnly && SEAMS.has(to)) return undefined;
  return forbidsFolder(room, from, to);
}

function forbidsRoom(from: string, to: string): string | undefined {
  const target = roomOf(to);
  switch (roomOf(from)) {
    case 'sdk':
      return 'sdk imports nobody';
    case 'host':
      return target === 'sdk' ? undefined : 'host imports sdk alone';
    case 'filters':
      if (!from.includes('/assembly/'))
        return target === 'sdk' ? undefined : 'filters import sdk alone';
      return /^sdk\/(abi|assembly)\//.test(to)
        ? undefined
        : 'a filter imports sdk/abi and sdk/assembly alone';
    case 'control-plane':
      if (target === 'sdk' || to === 'filters/catalog.ts') return undefined;
      if (from.startsWith('control-plane/cli/') && to.startsWith('host/testing/')) return undefined;
      return 'control-plane imports sdk; its cli alone may use host/testing';
    default:
      return 'nothing outside the rooms is imported';
  }
}

/** A filter is alone with the SDK: no filter imports another. */
function forbidsFilter(from: string, to: string): string | undefined {
  const [, folder] = from.split('/');
  const [, other] = to.split('/');
  if (folder === other || !from.includes('/assembly/')) return undefined;
  return 'no filter imports another';
}

function forbidsFolder(room: string, from: string, to: string): string | undefined {
  const order = ORDER[room];
  if (order === undefined) return undefined;
  const [mine, theirs] = [folderOf(from), folderOf(to)];
  const [at, wanted] = [order.indexOf(mine), order.indexOf(theirs)];
  if (at === -1) return `${room}/${mine} has no place in the order of the room`;
  if (wanted > at) return `${mine} stands before ${theirs} in ${room}`;
  return undefined;
}

/** Tests of a room may use its own files, the kit, and what runs a module; test/ only front doors. */
function forbidsTest(from: string, to: string): string | undefined {
  if (roomOf(from) === roomOf(to) || /^(test\/kit|sdk|host\/testing)\//.test(to)) return undefined;
  if (/^filters\/[\w-]+\.ts$/.test(to)) return undefined;
  if (roomOf(from) === 'test') {
    const front = /^(control-plane\/(api|source|mesh|translate|cli)\/|host\/(main|version)\.ts$)/;
    return front.test(to) ? undefined : 'test uses front doors';
  }
  return 'a test uses its own room, the kit, sdk and host/testing';
}

/** Tests, and what `testing` and `fixtures` hold for them; `host/testing` is a product of its own. */
export function isTest(path: string): boolean {
  return /^test\/|\.test\.ts$|\/fixtures\/|^(?!host\/testing\/).*\/testing\//.test(path);
}

function roomOf(path: string): string | undefined {
  return /^(sdk|host|filters|control-plane|test)\//.exec(path)?.[1];
}

/** The folder inside the room; `.` for files at its top. */
function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? parts[1]! : '.';
}
