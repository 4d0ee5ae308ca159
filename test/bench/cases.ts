import { staticProxy } from '../kit/envoy-config.ts';
import { freePorts } from '../kit/free-port.ts';
import { TemporaryDirectory } from '../kit/temporary-directory.ts';
import { startProxy } from './lateen.ts';
import type { LoadOptions } from './load.ts';
import { type MeasureOptions, measure, type Subject } from './measure.ts';
import { meshConfig } from './mesh-config.ts';
import { hasNginx, proxyServer, startNginx } from './nginx.ts';
import { type Row, rowsOf } from './rows.ts';

/** One thing that a proxy is asked to do well. */
export interface Case {
  readonly name: string;
  readonly path: string;
  readonly close: boolean;
  readonly policies: 'router' | 'all';
  /** The highest ratio of CPU time to nginx that we want; null: none set yet. */
  readonly goal: number | null;
}

export const CASES: readonly Case[] = [
  { name: 'plain routing', path: '/', close: false, policies: 'router', goal: null },
  { name: 'six filters', path: '/', close: false, policies: 'all', goal: 1.6 },
  { name: '10 kB bodies', path: '/10k', close: false, policies: 'router', goal: null },
  { name: 'new connections', path: '/', close: true, policies: 'router', goal: null },
];

export interface RunOptions {
  readonly originPort: number;
  readonly tool: LoadOptions['tool'];
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly profile: string | undefined;
}

/** Starts both proxies on the same origin, measures them in turn, and compares. */
export async function runCase(wanted: Case, options: RunOptions): Promise<readonly Row[]> {
  await using directory = await TemporaryDirectory.make();
  const [ourPort, peerPort] = await freePorts(2);
  await using proxy = await startProxy({
    port: ourPort!,
    config: configOf(wanted, ourPort!, options, directory),
    profile: options.profile,
  });
  const subjects: Subject[] = [{ name: 'lateen', port: ourPort!, pid: proxy.pid }];
  await using peer = hasNginx
    ? await startNginx(
        peerPort!,
        proxyServer(peerPort!, options.originPort, peerLog(wanted, directory)),
        'measured',
      )
    : undefined;
  if (peer !== undefined) subjects.push({ name: 'nginx', port: peerPort!, pid: peer.workerPid });
  const [ours, theirs] = await measure(subjects, measureOptions(wanted, options));
  return rowsOf(wanted.name, ours!, theirs, wanted.goal);
}

function configOf(
  wanted: Case,
  listenPort: number,
  { originPort }: RunOptions,
  directory: TemporaryDirectory,
) {
  if (wanted.policies === 'router') return staticProxy({ listenPort, upstreamPort: originPort });
  return meshConfig({ listenPort, originPort, logFile: directory.join('lateen.log') });
}

/** Where all policies are at work, nginx writes a log of the same fields: the one it has too. */
function peerLog(wanted: Case, directory: TemporaryDirectory): string | undefined {
  return wanted.policies === 'all' ? directory.join('nginx.log') : undefined;
}

function measureOptions(wanted: Case, options: RunOptions): MeasureOptions {
  const { tool, connections, seconds, rounds } = options;
  const { path, close } = wanted;
  return { load: { path, close, tool, connections, seconds }, rounds, warmUpSeconds: 3 };
}
