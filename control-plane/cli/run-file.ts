import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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

export async function writeRunFile(home: string, run: RunFile): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const path = join(home, 'run.json');
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}

/** Takes the file away, unless another control plane has replaced it meanwhile. */
export async function removeRunFile(home: string, pid: number): Promise<void> {
  const run = await readRunFile(join(home, 'run.json'));
  if (run?.pid === pid) await rm(join(home, 'run.json'), { force: true });
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
