import { join } from 'node:path';
import { Child } from '../kit/child-process.ts';
import type { ConfigObject } from '../kit/envoy-config.ts';
import { TemporaryDirectory } from '../kit/temporary-directory.ts';
import { ROOT } from '../tidy/sources.ts';
import { onCore } from './cores.ts';
import { waitForPort } from './wait-for-port.ts';

/** A running lateen-proxy of one worker. */
export interface LateenProxy extends AsyncDisposable {
  readonly pid: number;
}

export interface StartOptions {
  readonly port: number;
  readonly config: ConfigObject;
  /** Where to write V8's CPU profiles, one for each thread. */
  readonly profile: string | undefined;
}

/** Starts a proxy on a static configuration and waits for its port. */
export async function startProxy(options: StartOptions): Promise<LateenProxy> {
  const { port, config, profile } = options;
  const directory = await TemporaryDirectory.make({
    'proxy.json': JSON.stringify(config, null, 1),
  });
  const [command, ...args] = onCore('measured', [
    process.execPath,
    ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    '--conditions=lateen-source',
    join(ROOT, 'host/main.ts'),
    '-c',
    directory.join('proxy.json'),
    '--concurrency',
    '1',
    '--log-level',
    'error',
  ]);
  const child = new Child(command!, args);
  await waitForPort(port, child);
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await child.stop();
      await directory[Symbol.asyncDispose]();
    },
  };
}
