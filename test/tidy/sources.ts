import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A file of the repository, by its path from the root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** Every file that is, or is about to be, in git: what a clone would hold. */
export function listFiles(): readonly string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const listed = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  return listed.split('\n').filter((path) => path !== '');
}

/** TypeScript, AssemblyScript and plain JavaScript, without declarations. */
export function readSources(paths: readonly string[]): readonly SourceFile[] {
  return paths
    .filter((path) => /\.(ts|mts|tsx|mjs|js)$/.test(path) && !path.endsWith('.d.ts'))
    .flatMap((path) => readSource(path));
}

/** None where the file is in the index and no longer on disk. */
function readSource(path: string): readonly SourceFile[] {
  try {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return [{ path, text, lines: text.split('\n') }];
  } catch {
    return [];
  }
}
