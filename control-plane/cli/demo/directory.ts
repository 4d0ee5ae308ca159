import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@lateen/sdk/base/json';
import { isAlive } from '../run-file.ts';

/** Where one run of the demo keeps its files. */
export interface DemoDirectory {
  readonly path: string;
  /** Istio's resources as a user would write them; watched. */
  readonly config: string;
  /** What a cluster would know by itself; watched. */
  readonly registry: string;
  /** Resources for `lateen apply`. */
  readonly tries: string;
}

const RUNS_MAX = 20;

/**
 * Makes `<home>/demo` new; while another demo lives there, `<home>/demo-2` and so on. What an
 * earlier run left in `config` is kept once, as `config.previous`.
 */
export async function openDemoDirectory(home: string): Promise<DemoDirectory> {
  const path = await claim(home);
  const directory = {
    path,
    config: join(path, 'config'),
    registry: join(path, 'registry'),
    tries: join(path, 'try'),
  };
  for (const stale of ['registry', 'try', 'state/store', 'logs', 'proxies']) {
    await rm(join(path, stale), { recursive: true, force: true });
  }
  if (existsSync(directory.config)) {
    await rm(`${directory.config}.previous`, { recursive: true, force: true });
    await rename(directory.config, `${directory.config}.previous`);
  }
  await cp(assets('config'), directory.config, { recursive: true });
  await cp(assets('try'), directory.tries, { recursive: true });
  await mkdir(directory.registry, { recursive: true });
  return directory;
}

export async function writeObjects(
  directory: string,
  files: ReadonlyMap<string, readonly JsonObject[]>,
): Promise<void> {
  const { stringify } = await import('yaml');
  for (const [name, objects] of files) {
    const text = objects.map((object) => stringify(object)).join('---\n');
    await writeFile(join(directory, name), text);
  }
}

async function claim(home: string): Promise<string> {
  for (let count = 1; count <= RUNS_MAX; count += 1) {
    const path = join(home, count === 1 ? 'demo' : `demo-${count}`);
    const owner = Number(await readFile(join(path, 'pid'), 'utf8').catch(() => '0'));
    if (owner > 0 && owner !== process.pid && isAlive(owner)) continue;
    await mkdir(path, { recursive: true, mode: 0o700 });
    await writeFile(join(path, 'pid'), `${process.pid}\n`);
    return path;
  }
  throw new Error(`${RUNS_MAX} demos run in ${home} already`);
}

/** YAML that is shipped beside this file, or beside the sources of which this is the output. */
function assets(name: string): string {
  const beside = fileURLToPath(new URL(name, import.meta.url));
  if (existsSync(beside)) return beside;
  return fileURLToPath(new URL(`../../../cli/demo/${name}`, import.meta.url));
}
