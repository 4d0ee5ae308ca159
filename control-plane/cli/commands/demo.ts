import { join } from 'node:path';
import type { Problem } from '@lateen/sdk/base/problem';
import { ok, type Result } from '@lateen/sdk/base/result';
import type { ProxyConfigView } from '../../admin/backend.ts';
import { parseDocuments } from '../../api/parse.ts';
import { buildMesh } from '../../mesh/build.ts';
import { type ProxySettings, proxySettings } from '../../translate/proxy-settings.ts';
import { type Client, connect } from '../client.ts';
import {
  appFile,
  GATEWAY_LABELS,
  labelsOf,
  PORTS_PER_WORKLOAD,
  registryObjects,
  WORKLOAD_COUNT,
  type Workload,
  workloads,
} from '../demo/bookinfo.ts';
import { type DemoDirectory, openDemoDirectory, writeObjects } from '../demo/directory.ts';
import { Live } from '../demo/live.ts';
import { type DemoView, type ServiceView, welcome } from '../demo/screen.ts';
import { Traffic } from '../demo/traffic.ts';
import type { Io } from '../io.ts';
import { answers, MeshRun, type ProxySpec, type RunningProxy, until } from '../run/mesh-run.ts';
import { freePorts, nextFreePort } from '../run/ports.ts';
import { untilStopped } from '../run/until-stopped.ts';
import { homeToWrite } from '../run-file.ts';
import { giveUp, sayProblems } from '../say.ts';
import { readInputs } from './files.ts';
import { filtersOf } from './proxy-config-rows.ts';

export interface DemoOptions {
  readonly port: number;
  /** Requests a second. */
  readonly rate: number;
  readonly output: 'text' | 'json';
}

interface Demo {
  readonly directory: DemoDirectory;
  readonly run: MeshRun;
  readonly gateway: string;
  readonly proxies: readonly RunningProxy[];
  readonly all: readonly Workload[];
}

/** The whole mesh on this machine, until somebody stops it. */
export async function demo(options: DemoOptions, io: Io): Promise<number> {
  const stopped = untilStopped(io.environment);
  const home = homeToWrite(io.environment);
  const directory = await openDemoDirectory(home);
  const run = new MeshRun(directory.path);
  const started = await Promise.race([
    start({ directory, run, home, options, io }),
    stopped.then(() => undefined),
  ]);
  if (started === undefined || !started.ok) {
    if (started !== undefined) await sayWhy(run, io);
    await run.stop();
    return started === undefined ? 0 : giveUp(started.error, io);
  }
  await show(started.value, options, io, stopped);
  await run.stop();
  return 0;
}

/** A mesh that does not come up mostly has problems that the control plane knows. */
async function sayWhy(run: MeshRun, io: Io): Promise<void> {
  const { address } = run;
  if (address === undefined) return;
  const { admin, tokenFile } = address;
  const client = await connect(io.environment, { address: admin, tokenFile });
  const reply = client.ok ? await client.value.get('/v1/problems') : client;
  if (reply.ok) sayProblems((reply.value.json['problems'] ?? []) as unknown as Problem[], io);
}

interface Start {
  readonly directory: DemoDirectory;
  readonly run: MeshRun;
  readonly home: string;
  readonly options: DemoOptions;
  readonly io: Io;
}

async function start(input: Start): Promise<Result<Demo>> {
  const { directory, run, home, options, io } = input;
  const gatewayPort = await nextFreePort(options.port);
  if (gatewayPort !== options.port) {
    io.err(`port ${options.port} is taken; the gateway listens on ${gatewayPort}`);
  }
  const [adminPort = 0, ...ports] = await freePorts(1 + WORKLOAD_COUNT * PORTS_PER_WORKLOAD);
  const all = workloads(ports);
  await run.prepare();
  await writeObjects(directory.registry, registryObjects(all, gatewayPort));
  for (const workload of all) startApp(run, workload);
  const runFile = join(home, 'run.json');
  const plane = await run.startControlPlane([directory.config, directory.registry], runFile);
  if (!plane.ok) return plane;
  const proxies = await startProxies(input, all, adminPort);
  const gateway = `http://127.0.0.1:${gatewayPort}`;
  const ready = await allReady(run, proxies, gateway);
  return ready === undefined
    ? ok({ directory, run, gateway, proxies, all })
    : { ok: false, error: ready };
}

function startApp(run: MeshRun, workload: Workload): void {
  const proxy = `http://127.0.0.1:${workload.outboundPort}`;
  run.children.start({
    name: `app ${workload.name}`,
    file: appFile(workload.app),
    logFile: run.logFile(`app-${workload.name}`),
    env: {
      PORT: String(workload.appPort),
      SERVICE_VERSION: workload.version,
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: proxy,
      http_proxy: proxy,
      NO_PROXY: '',
      no_proxy: '',
    },
  });
}

async function startProxies(
  { directory, run, io }: Start,
  all: readonly Workload[],
  adminPort: number,
): Promise<readonly RunningProxy[]> {
  const namespace = 'default';
  const settingsOf = await proxySettingsOf([directory.config], io);
  const start = (spec: Omit<ProxySpec, 'settings' | 'namespace'>): Promise<RunningProxy> =>
    run.startProxy({
      ...spec,
      namespace,
      settings: settingsOf({ namespace, labels: spec.labels }),
    });
  const gateway = { workload: 'istio-ingressgateway', labels: GATEWAY_LABELS, httpProxyPort: 0 };
  return Promise.all([
    start({ type: 'router', ...gateway, adminPort }),
    ...all.map((workload) =>
      start({
        type: 'sidecar',
        workload: workload.name,
        labels: labelsOf(workload),
        httpProxyPort: workload.outboundPort,
        adminPort: workload.adminPort,
      }),
    ),
  ]);
}

/** As ProxyConfig says; one worker where nothing is said: seven proxies share this machine. */
async function proxySettingsOf(paths: readonly string[], io: Io) {
  const { files } = await readInputs(paths, io);
  const objects = files.flatMap((file) => parseDocuments(file).value.objects);
  const mesh = buildMesh(objects).value;
  return (workload: Parameters<typeof proxySettings>[1]): ProxySettings => {
    const settings = proxySettings(mesh, workload);
    return settings.concurrency === 0 ? { ...settings, concurrency: 1 } : settings;
  };
}

/** The first thing that does not come up, if any. */
async function allReady(
  run: MeshRun,
  proxies: readonly RunningProxy[],
  gateway: string,
): Promise<Problem | undefined> {
  const ready = await Promise.all(proxies.map((proxy) => run.ready(proxy)));
  const failed = ready.find((each) => !each.ok);
  if (failed !== undefined && !failed.ok) return failed.error;
  const first = proxies[0]!;
  const page = await until(first.child, () => answers(`${gateway}/api/v1/products/0/reviews`));
  return page.ok ? undefined : page.error;
}

async function show(
  demo: Demo,
  options: DemoOptions,
  io: Io,
  stopped: Promise<void>,
): Promise<void> {
  const { run, gateway } = demo;
  const traffic = new Traffic([`${gateway}/productpage`, `${gateway}/api/v1/products/0/reviews`]);
  traffic.start(options.rate);
  if (options.output === 'json') {
    run.children.onUnexpectedEnd = ({ name, how }) => io.err(`${name} ended: ${how}`);
    io.out(JSON.stringify(summary(demo)));
    await stopped;
  } else {
    await showText(demo, traffic, { options, io, stopped });
  }
  traffic.stop();
}

function summary({ run, gateway, proxies, all, directory }: Demo) {
  const { admin, tokenFile } = run.address!;
  const list = proxies.map(({ name, nodeId, child, admin: own }) => {
    return { name, nodeId, pid: child.pid, admin: own, ...portsOf(name, all) };
  });
  return { gateway, admin, tokenFile, config: directory.config, proxies: list };
}

async function showText(
  { directory, run, gateway, all }: Demo,
  traffic: Traffic,
  around: { readonly options: DemoOptions; readonly io: Io; readonly stopped: Promise<void> },
): Promise<void> {
  const { options, io, stopped } = around;
  const { admin, tokenFile } = run.address!;
  const client = await connect(io.environment, { address: admin, tokenFile });
  if (!client.ok) return;
  const view: DemoView = {
    gateway,
    admin,
    tokenFile,
    config: directory.config,
    tries: directory.tries,
    logs: join(directory.path, 'logs'),
    rate: options.rate,
    services: await services(all, client.value),
  };
  io.out(welcome(view, io));
  const live = new Live(traffic, client.value, io);
  run.children.onUnexpectedEnd = ({ name, how }) => live.say(`${name} ended: ${how}`);
  live.start();
  await stopped;
  live.stop();
  live.say('  stopping');
}

function portsOf(name: string, all: readonly Workload[]) {
  const workload = all.find((each) => `${each.name}.default` === name);
  if (workload === undefined) return {};
  const { appPort, inboundPort, outboundPort } = workload;
  return { app: appPort, inbound: inboundPort, outbound: outboundPort };
}

/** Each service with its sidecar's inbound filter chain, as the control plane sent it. */
function services(all: readonly Workload[], client: Client): Promise<readonly ServiceView[]> {
  return Promise.all(
    all.map(async ({ name, inboundPort }) => {
      const reply = await client.get(`/v1/proxies/${name}.default/config`);
      const config = reply.ok ? (reply.value.json as unknown as ProxyConfigView) : {};
      const listeners = Object.entries(config['LDS'] ?? {});
      const inbound = listeners.find(([listener]) => listener.endsWith(`_${inboundPort}`))?.[1];
      const chains = Array.isArray(inbound?.['filterChains']) ? inbound['filterChains'] : [];
      const filters = chains.flatMap((chain) => filtersOf(chain));
      return { name, sidecar: `127.0.0.1:${inboundPort}`, filters };
    }),
  );
}
