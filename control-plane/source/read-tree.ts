import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Problem } from '@lateen/sdk/base/problem';
import { YAML_LIMITS } from '../api/yaml-document.ts';

export interface TreeLimits {
  readonly filesMax: number;
  readonly depthMax: number;
  readonly fileBytesMax: number;
}

export const TREE_LIMITS: TreeLimits = {
  filesMax: 10_000,
  depthMax: 16,
  fileBytesMax: YAML_LIMITS.fileBytesMax,
};

/** What a file was when it was looked at; the same mark means that it need not be read again. */
export interface FileMark {
  readonly file: string;
  readonly mark: string;
  readonly sizeBytes: number;
}

export interface Tree {
  /** Sorted by name. */
  readonly files: readonly FileMark[];
  /** Directories that were walked, for watching. */
  readonly directories: readonly string[];
  readonly problems: readonly Problem[];
  /** Paths that could not be looked at: what they hold is unknown, not gone. */
  readonly unreadable: readonly string[];
}

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);

/**
 * Lists the resource files below the paths. Names that begin with a dot are editors' and version
 * control's business, and so is a ConfigMap volume's `..data`: its links are followed by name.
 */
export async function listTree(
  paths: readonly string[],
  limits: TreeLimits = TREE_LIMITS,
): Promise<Tree> {
  const walk: Walk = {
    limits,
    files: [],
    directories: [],
    problems: [],
    unreadable: [],
    seen: new Set(),
  };
  for (const path of paths) await visit(path, 0, true, walk);
  walk.files.sort((a, b) => (a.file < b.file ? -1 : 1));
  return walk;
}

interface Walk {
  readonly limits: TreeLimits;
  readonly files: FileMark[];
  readonly directories: string[];
  readonly problems: Problem[];
  readonly unreadable: string[];
  /** Real paths of directories that were walked: links may form circles. */
  readonly seen: Set<string>;
}

async function visit(path: string, depth: number, named: boolean, walk: Walk): Promise<void> {
  try {
    const info = await stat(path);
    if (info.isDirectory()) await visitDirectory(path, depth, walk);
    else if (info.isFile() && (named || EXTENSIONS.has(extname(path).toLowerCase()))) {
      if (walk.files.length >= walk.limits.filesMax)
        refuse(walk, path, `more than ${walk.limits.filesMax} files`);
      else {
        const mark = `${info.ino} ${info.size} ${info.mtimeMs} ${info.ctimeMs}`;
        walk.files.push({ file: path, mark, sizeBytes: info.size });
      }
    }
  } catch (error) {
    // A link to nothing is a file that is gone, as is one that vanished while we walked.
    const gone = errorCode(error) === 'ENOENT' && !named && !(await isLink(path));
    if (gone) return;
    walk.unreadable.push(path);
    refuse(walk, path, errorText(error));
  }
}

async function visitDirectory(path: string, depth: number, walk: Walk): Promise<void> {
  if (depth > walk.limits.depthMax) {
    refuse(walk, path, `directories nest deeper than ${walk.limits.depthMax} levels`);
    return;
  }
  const real = await realpath(path);
  if (walk.seen.has(real)) return;
  walk.seen.add(real);
  walk.directories.push(path);
  const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
  for (const name of names) await visit(join(path, name), depth + 1, false, walk);
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}

/** The text of a file, or why there is none. */
export async function readText(
  entry: FileMark,
  limits: TreeLimits = TREE_LIMITS,
): Promise<{ readonly text: string } | { readonly problem: Problem }> {
  if (entry.sizeBytes > limits.fileBytesMax) {
    return {
      problem: unreadable(entry.file, `the file is larger than ${limits.fileBytesMax} bytes`),
    };
  }
  try {
    const bytes = await readFile(entry.file);
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    return { problem: unreadable(entry.file, errorText(error)) };
  }
}

function refuse(walk: Walk, file: string, message: string): void {
  walk.problems.push(unreadable(file, message));
}

function unreadable(file: string, message: string): Problem {
  return {
    level: 'error',
    code: 'LAT0100',
    message: `cannot be read: ${message}`,
    origin: { file },
  };
}

export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
