import { posix } from 'node:path';
import type { SourceFile } from './sources.ts';

export interface Import {
  readonly from: string;
  /** A path in the repository, or a package's name as written. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Statements as Biome formats them, and dynamic imports of a literal. */
const STATIC = /^(?:import|export)\s(?:[^;']*?\sfrom\s)?'([^']+)'/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;

/** What a file imports; packages of the house are followed into their folders. */
export function importsOf(file: SourceFile, paths: ReadonlySet<string>): readonly Import[] {
  const found: Import[] = [];
  for (const pattern of [STATIC, DYNAMIC]) {
    for (const match of file.text.matchAll(pattern)) {
      const line = file.text.slice(0, match.index).split('\n').length;
      const typeOnly = isTypeOnly(match[0]);
      found.push({ from: file.path, to: resolve(file.path, match[1]!, paths), typeOnly, line });
    }
  }
  return found;
}

/** `import type ...`, and lists in which every name is a type: gone when types are stripped. */
function isTypeOnly(statement: string): boolean {
  if (/^(import|export)\s+type\s/.test(statement)) return true;
  const names = /^(?:import|export)\s+\{([^}]*)\}/.exec(statement)?.[1];
  if (names === undefined) return false;
  const listed = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return listed.length > 0 && listed.every((name) => name.startsWith('type '));
}

function resolve(from: string, to: string, paths: ReadonlySet<string>): string {
  const target = to.startsWith('.')
    ? posix.join(posix.dirname(from), to)
    : to.replace(/^@lateen\//, '');
  if (target === to && !to.startsWith('.')) return to;
  return [target, `${target}.ts`, `${target}/index.ts`].find((path) => paths.has(path)) ?? target;
}

/** Groups of files that import one another at run time, each as one round trip. */
export function findCycles(imports: readonly Import[]): readonly (readonly string[])[] {
  const edges = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports) {
    if (!typeOnly) edges.set(from, [...(edges.get(from) ?? []), to]);
  }
  const cycles: string[][] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) {
      cycles.push([...trail.slice(at), path]);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return cycles;
}
