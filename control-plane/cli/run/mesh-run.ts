import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { ProxySettings } from '../../translate/proxy-settings.ts';
import { controlPlaneEntry, proxyEntry } from '../commands/exec.ts';
import { type RunFile, readRunFile } from '../run-file.ts';
import { cannot } from '../say.ts';
import { type BootstrapInput, bootstrap, nodeId } from './bootstrap.ts';
import { Children, type RunningChild } from './children.ts';

const START_MS = 30_000;
const POLL_MS = 40;

export interface ProxySpec extends Omit<BootstrapInput, 'ads' | 'token'> {
  /** What ProxyConfig says about it; concurrency 0: one worker thread per CPU. */
  readonly settings: ProxySettings;
}

export interface RunningProxy {
  readonly spec: ProxySpec;
  readonly name: string;
  readonly nodeId: string;
  readonly child: RunningChild;
  readonly admin: string;
}

/** A control plane and proxies on this machine, as children; logs and state in one directory. */
export class MeshRun {
  readonly children = new Children();
  readonly directory: string;
  #run: RunFile | undefined;
  #token = '';

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Where the control plane listens; undefined until it was started. */
  get address(): RunFile | undefined {
    return this.#run;
  }

  logFile(name: string): string {
    return join(this.directory, 'logs', `${name}.log`);
  }

  async prepare(): Promise<void> {
    await mkdir(join(this.directory, 'logs'), { recursive: true, mode: 0o700 });
    await mkdir(join(this.directory, 'proxies'), { recursive: true, mode: 0o700 });
  }

  async startControlPlane(paths: readonly string[], runFile: string): Promise<Result<RunFile>> {
    const state = join(this.directory, 'state');
    const child = this.children.start({
      name: 'control-plane',
      file: controlPlaneEntry(),
      args: [...paths.flatMap((path) => ['-f', path]), '--state', state, '--run-file', runFile],
      logFile: this.logFile('control-plane'),
    });
    const run = await until(child, async () => {
      const read = await readRunFile(runFile);
      return read?.pid === child.pid ? read : undefined;
    });
    if (!run.ok) return run;
    this.#run = run.value;
    this.#token = (await readFile(run.value.tokenFile, 'utf8')).trim();
    return run;
  }

  /** Starts a proxy; it serves once `ready` says so. */
  async startProxy(spec: ProxySpec): Promise<RunningProxy> {
    const name = `${spec.workload}.${spec.namespace}`;
    const file = join(this.directory, 'proxies', `${name}.json`);
    const config = bootstrap({ ...spec, ads: this.#run?.ads ?? '', token: this.#token });
    await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 });
    const child = this.children.start({
      name: `proxy ${name}`,
      file: proxyEntry(),
      args: ['-c', file, '--log-level', 'info', ...concurrencyFlag(spec.settings)],
      env: spec.settings.environment,
      logFile: this.logFile(`proxy-${name}`),
    });
    const admin = `http://127.0.0.1:${spec.adminPort}`;
    return { spec, name, nodeId: nodeId(spec), child, admin };
  }

  /** Resolves when the proxy has its configuration and listens. */
  ready(proxy: RunningProxy): Promise<Result<boolean>> {
    return until(proxy.child, () => answers(`${proxy.admin}/ready`));
  }

  stop(): Promise<void> {
    return this.children.stop();
  }
}

function concurrencyFlag({ concurrency }: ProxySettings): readonly string[] {
  return concurrency === 0 ? [] : ['--concurrency', String(concurrency)];
}

/** Whether a GET is answered with 200. */
export async function answers(url: string): Promise<true | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.status === 200 ? true : undefined;
  } catch {
    return undefined;
  }
}

/** Asks until there is an answer; gives up when the child ends, or after 30 s. */
export async function until<T>(
  child: RunningChild,
  probe: () => Promise<T | undefined>,
): Promise<Result<T>> {
  let ended: string | undefined;
  void child.ended.then(({ how }) => {
    ended = how;
  });
  const end = performance.now() + START_MS;
  while (ended === undefined && performance.now() < end) {
    const value = await probe();
    if (value !== undefined) return ok(value);
    await pause(POLL_MS);
  }
  return fail(notStarted(child, ended));
}

function notStarted(child: RunningChild, ended: string | undefined): Problem {
  const why = ended ?? `not ready after ${START_MS / 1000} s`;
  const said = child.logTail();
  const tail = said === '' ? '' : `; it said:\n${said}`;
  return cannot(`${child.name} did not start (${why})${tail}`, `its log is ${child.logFile}`);
}
