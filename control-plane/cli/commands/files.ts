import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Problem } from '@lateen/sdk/base/problem';
import type { Io } from '../io.ts';
import { cannot } from '../say.ts';

export interface InputFile {
  /** As the user named it. */
  readonly file: string;
  readonly text: string;
}

export interface InputFiles {
  readonly files: readonly InputFile[];
  readonly problems: readonly Problem[];
}

const FILES_MAX = 10_000;

/** Files, the YAML and JSON files of directories and, for `-`, standard input. */
export async function readInputs(paths: readonly string[], io: Io): Promise<InputFiles> {
  const files: InputFile[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    if (path === '-') {
      files.push({ file: 'standard input', text: await io.input() });
      continue;
    }
    try {
      for (const file of await expand(path, io.environment.cwd)) {
        files.push({ file, text: await readFile(resolve(io.environment.cwd, file), 'utf8') });
      }
    } catch (error) {
      problems.push(cannot(error instanceof Error ? error.message : String(error)));
    }
  }
  return { files, problems };
}

async function expand(path: string, cwd: string): Promise<readonly string[]> {
  const info = await stat(resolve(cwd, path));
  if (!info.isDirectory()) return [path];
  const found: string[] = [];
  const entries = await readdir(resolve(cwd, path), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name, 'en'))) {
    if (entry.name.startsWith('.') || found.length >= FILES_MAX) continue;
    const inner = join(path, entry.name);
    if (entry.isDirectory()) found.push(...(await expand(inner, cwd)));
    else if (/\.(ya?ml|json)$/.test(entry.name)) found.push(inner);
  }
  return found;
}
