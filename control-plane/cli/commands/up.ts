import { join } from 'node:path';
import { ok, type Result } from '@lateen/sdk/base/result';
import type { ConfigObject, TypedObject } from '../../api/object.ts';
import { parseDocuments } from '../../api/parse.ts';
import { buildMesh } from '../../mesh/build.ts';
import { proxySettings } from '../../translate/proxy-settings.ts';
import type { Io } from '../io.ts';
import { MeshRun, type ProxySpec, type RunningProxy } from '../run/mesh-run.ts';
import { freePorts } from '../run/ports.ts';
import { untilStopped } from '../run/until-stopped.ts';
import { homeToWrite } from '../run-file.ts';
import { giveUp } from '../say.ts';
import { formatTable } from '../table.ts';
import { readInputs } from './files.ts';

export interface UpOptions {
  readonly filename: readonly string[];
  readonly output: 'text' | 'json';
}

type Identity = Pick<ProxySpec, 'type' | 'workload' | 'namespace' | 'labels'>;
type Wanted = Identity & Pick<ProxySpec, 'settings'>;

/**
 * A control plane for the files, and the proxies that they ask for: a gateway for each selector
 * of a Gateway, a sidecar for each Sidecar with a workload selector and inbound ports of its own.
 */
export async function up(options: UpOptions, io: Io): Promise<number> {
  const stopped = untilStopped(io.environment);
  const home = homeToWrite(io.environment);
  const run = new MeshRun(join(home, 'up'));
  const wanted = await wantedProxies(options.filename, io);
  const started = await Promise.race([
    start(run, { paths: options.filename, home, wanted }),
    stopped.then(() => undefined),
  ]);
  if (started === undefined || !started.ok) {
    await run.stop();
    return started === undefined ? 0 : giveUp(started.error, io);
  }
  run.children.onUnexpectedEnd = ({ name, how }) => io.err(`${name} ended: ${how}`);
  print(run, started.value, options, io);
  await stopped;
  await run.stop();
  return 0;
}

async function start(
  run: MeshRun,
  plan: {
    readonly paths: readonly string[];
    readonly home: string;
    readonly wanted: readonly Wanted[];
  },
): Promise<Result<readonly RunningProxy[]>> {
  await run.prepare();
  const plane = await run.startControlPlane(plan.paths, join(plan.home, 'run.json'));
  if (!plane.ok) return plane;
  const ports = await freePorts(plan.wanted.length * 2);
  const proxies = await Promise.all(
    plan.wanted.map((each, index) => {
      const httpProxyPort = each.type === 'sidecar' ? (ports[index * 2 + 1] ?? 0) : 0;
      return run.startProxy({ ...each, httpProxyPort, adminPort: ports[index * 2] ?? 0 });
    }),
  );
  const ready = await Promise.all(proxies.map((proxy) => run.ready(proxy)));
  return (ready.find((each) => !each.ok) as Result<never> | undefined) ?? ok(proxies);
}

function print(run: MeshRun, proxies: readonly RunningProxy[], options: UpOptions, io: Io): void {
  const { admin, ads, tokenFile } = run.address!;
  const list = proxies.map(({ name, nodeId, child, admin: own, spec }) => {
    const { httpProxyPort: outbound } = spec;
    return { name, nodeId, pid: child.pid, admin: own, ...(outbound === 0 ? {} : { outbound }) };
  });
  if (options.output === 'json') {
    io.out(JSON.stringify({ admin, ads, tokenFile, proxies: list }));
    return;
  }
  io.out(`admin API ${admin}   ADS ${ads}   token ${tokenFile}`);
  if (list.length === 0) io.out('no Gateway and no Sidecar asks for a proxy');
  else {
    const rows = list.map((each) => [
      each.name,
      each.admin,
      each.outbound === undefined ? '-' : `127.0.0.1:${each.outbound}`,
    ]);
    io.out(formatTable(['PROXY', 'ADMIN', 'HTTP PROXY'], rows));
  }
  io.out('watching; Ctrl-C ends everything');
}

async function wantedProxies(paths: readonly string[], io: Io): Promise<readonly Wanted[]> {
  const { files } = await readInputs(paths, io);
  const objects = files.flatMap((file) => parseDocuments(file).value.objects);
  const identities = objects.map(wantedBy).filter((each) => each !== undefined);
  const mesh = buildMesh(objects).value;
  const wanted = identities.map((each) => ({ ...each, settings: proxySettings(mesh, each) }));
  const byLabels = new Map(
    wanted.map((each) => [JSON.stringify([each.namespace, each.labels]), each]),
  );
  return [...byLabels.values()];
}

function wantedBy(object: ConfigObject): Identity | undefined {
  if (object.kind === 'Gateway') return gateway(object);
  return object.kind === 'Sidecar' ? sidecar(object) : undefined;
}

function gateway({ metadata, spec }: TypedObject<'Gateway'>): Identity | undefined {
  const labels = spec.selector ?? {};
  if (Object.keys(labels).length === 0) return undefined;
  const workload = labels['istio'] ?? labels['app'] ?? metadata.name;
  return { type: 'router', workload, namespace: metadata.namespace, labels };
}

function sidecar({ metadata, spec }: TypedObject<'Sidecar'>): Identity | undefined {
  const labels = spec.workloadSelector?.labels ?? {};
  if (Object.keys(labels).length === 0 || (spec.ingress ?? []).length === 0) return undefined;
  return { type: 'sidecar', workload: metadata.name, namespace: metadata.namespace, labels };
}
