import { connect } from 'node:net';
import { join } from 'node:path';
import { Child } from '../../kit/child-process.ts';
import type { ConfigObject } from '../../kit/envoy-config.ts';
import { TemporaryDirectory } from '../../kit/temporary-directory.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { ROOT } from '../../tidy/sources.ts';

/** The command as a user starts it. */
export const LATEEN_PROXY = join(ROOT, 'host/bin/lateen-proxy.mjs');

export interface ProxyOptions {
  /** The bootstrap: YAML text, or what becomes JSON. */
  readonly config: string | ConfigObject;
  /** The process is taken as started when all of these accept. */
  readonly ports: readonly number[];
  /** Worker threads; default 1. */
  readonly concurrency?: number;
  readonly args?: readonly string[];
  /** Files beside the bootstrap; `{{dir}}` in the bootstrap stands for their directory. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** A running `lateen-proxy`, its configuration in a directory of its own. */
export class ProxyProcess {
  readonly child: Child;
  readonly directory: TemporaryDirectory;

  private constructor(child: Child, directory: TemporaryDirectory) {
    this.child = child;
    this.directory = directory;
  }

  static async start(options: ProxyOptions): Promise<ProxyProcess> {
    const { child, directory } = await launch(options);
    const proxy = new ProxyProcess(child, directory);
    try {
      await Promise.all(options.ports.map((port) => accepting(port, child)));
    } catch (error) {
      await proxy[Symbol.asyncDispose]();
      throw new Error(`the proxy does not listen: ${child.stderr}`, { cause: error });
    }
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop();
    await this.directory[Symbol.asyncDispose]();
  }
}

/** How a proxy ended that was not expected to serve: refused, or only asked to validate. */
export async function runProxy(
  options: Omit<ProxyOptions, 'ports'>,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const { child, directory } = await launch(options);
  await using _directory = directory;
  await using _child = child;
  const { code } = await child.waitForExit({ deadlineMs: 15_000 });
  return { code, stdout: child.stdout, stderr: child.stderr };
}

async function launch(options: Omit<ProxyOptions, 'ports'>) {
  const { config, files = {}, args = [], concurrency = 1 } = options;
  const directory = await TemporaryDirectory.make(files);
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  const name = typeof config === 'string' ? 'proxy.yaml' : 'proxy.json';
  const path = await directory.write(name, text.replaceAll('{{dir}}', directory.path));
  const child = new Child(process.execPath, [
    LATEEN_PROXY,
    '-c',
    path,
    '--concurrency',
    String(concurrency),
    '--log-level',
    'warning',
    ...args,
  ]);
  return { child, directory };
}

/** Resolves when the port accepts; fails at once when the process ends first. */
async function accepting(port: number, child: Child): Promise<void> {
  const outcome = await waitFor(
    `port ${port}`,
    async () => {
      if (!child.running) return 'ended';
      return (await accepts(port)) ? 'accepts' : undefined;
    },
    { deadlineMs: 15_000 },
  );
  if (outcome === 'ended') throw new Error('the process has ended');
}

/** Whether somebody accepts on a port of 127.0.0.1 right now. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
