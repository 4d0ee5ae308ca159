import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from './environment.ts';

/**
 * How the command line finds a control plane: whoever starts one writes `run.json` into
 * `$LATEEN_HOME`, else into `.lateen` of the directory where it was started; commands look in
 * `$LATEEN_HOME`, else in `.lateen` of their own directory and of those above it.
 */
export interface RunFile {
  readonly pid: number;
  /** Base URL of the admin API. */
  readonly admin: string;
  readonly ads: string;
  readonly tokenFile: string;
}

export function homeToWrite(environment: Environment): string {
  return resolve(environment.cwd, environment.home ?? '.lateen');
}

/** The run file nearest to where we are; undefined where there is none. */
export async function findRunFile(environment: Environment): Promise<RunFile | undefined> {
  if (environment.home !== undefined) {
    return readRunFile(join(homeToWrite(environment), 'run.json'));
  }
  for (let at = environment.cwd; ; at = dirname(at)) {
    const run = await readRunFile(join(at, '.lateen', 'run.json'));
    if (run !== undefined || dirname(at) === at) return run;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

export async function readRunFile(path: string): Promise<RunFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const run: unknown = JSON.parse(text);
    return isRunFile(run) ? run : undefined;
  } catch {
    return undefined;
  }
}

function isRunFile(value: unknown): value is RunFile {
  if (typeof value !== 'object' || value === null) return false;
  const run = value as Record<string, unknown>;
  const texts = ['admin', 'ads', 'tokenFile'];
  return typeof run['pid'] === 'number' && texts.every((key) => typeof run[key] === 'string');
}
