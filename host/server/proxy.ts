import { renameSync, writeFileSync } from 'node:fs';
import { systemClock } from '@lateen/sdk/base/clock';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { openRegistry, type XdsRegistry } from '@lateen/sdk/xds/registry';
import { type AdminServer, openAdminServer } from '../admin/admin-server.ts';
import type { Bootstrap } from '../config/bootstrap.ts';
import { Configuration } from '../config/configuration.ts';
import type { Flags } from '../config/flags.ts';
import { loadBootstrap } from '../config/load-bootstrap.ts';
import { ModuleSource } from '../config/module-source.ts';
import type { ApplyChange } from '../config/resources.ts';
import { connectionsMaxFor } from '../net/connection-budget.ts';
import { type LeveledLog, openLog } from '../observe/log.ts';
import { MetricHub, type MetricSource } from '../observe/metric-hub.ts';
import { ThreadMetrics } from '../observe/thread-metrics.ts';
import { AdminView } from './admin-view.ts';
import type { ModuleCatalog } from './catalog.ts';
import { loadManifest, modulesDirectory } from './manifest.ts';
import { ModuleLibrary } from './modules.ts';
import { Resolver } from './resolver.ts';
import { Supervisor } from './supervisor.ts';

/** A running proxy, or in validate mode one that never served. */
export interface ProxyProcess {
  reopenLogs(): void;
  /** Resolves when somebody asks the process to end (`/quitquitquit`). */
  readonly quit: Promise<void>;
  /** Answers under way may go out for so long. */
  stop(graceMs: number): Promise<void>;
}

export interface OpenedProxy {
  readonly proxy: ProxyProcess | null;
  readonly problems: readonly Problem[];
}

/**
 * Starts a proxy: bootstrap, modules, workers, then the configuration. Null where what it starts
 * with is refused; what arrives over xDS later never ends the process.
 */
export async function openProxy(flags: Flags, workers: number): Promise<OpenedProxy> {
  const registry = openRegistry();
  const { bootstrap, problems } = loadBootstrap(flags, registry);
  if (bootstrap === null) return { proxy: null, problems };
  const manifest = await loadManifest(modulesDirectory(flags.modulesDir));
  if (!manifest.ok) return { proxy: null, problems: [...problems, manifest.error] };
  const source = new ModuleSource({ clock: systemClock });
  const library = new ModuleLibrary((module) => source.fetch(module));
  const catalog = await library.loadBundled(manifest.value);
  if (!catalog.ok) return { proxy: null, problems: [...problems, catalog.error] };
  const parts = { flags, workers, registry, bootstrap, library, catalog: catalog.value };
  const proxy = new RunningProxy(parts);
  const started = await proxy.start();
  const all = [...problems, ...started];
  if (!hasErrors(started)) return { proxy, problems: all };
  await proxy.stop(0);
  return { proxy: null, problems: all };
}

interface ProxyParts {
  readonly flags: Flags;
  readonly workers: number;
  readonly registry: XdsRegistry;
  readonly bootstrap: Bootstrap;
  readonly library: ModuleLibrary;
  readonly catalog: ModuleCatalog;
}

/** Everything of a proxy that lives in the main thread, wired together. */
class RunningProxy implements ProxyProcess {
  readonly quit: Promise<void>;
  readonly #parts: ProxyParts;
  readonly #log: LeveledLog;
  readonly #supervisor: Supervisor;
  readonly #configuration: Configuration;
  readonly #admin: AdminView;
  #adminServer: AdminServer | null = null;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.quit = promise;
    const { flags, bootstrap, registry } = parts;
    const thresholds = { level: flags.logLevel, components: flags.componentLogLevels };
    this.#log = openLog(thresholds, flags.logPath);
    const hub = new MetricHub();
    const metrics = openMainMetrics(hub);
    countModuleLoads(parts.library, metrics);
    this.#supervisor = new Supervisor(this.#openResolver(), {
      workers: parts.workers,
      node: bootstrap.node,
      connectionsMax: connectionsMaxFor(parts.workers),
      hub,
      log: this.#log,
      thresholds,
      fileFlushIntervalMs: flags.fileFlushIntervalMs,
      drainTimeMs: flags.drainTimeMs,
      ...(flags.logPath === undefined ? {} : { logPath: flags.logPath }),
      module: (key) => parts.library.get(key),
      keepModules: (keys) => parts.library.keep(keys),
    });
    this.#configuration = new Configuration({
      bootstrap,
      registry,
      apply: this.#apply,
      clock: systemClock,
      random: Math.random,
      log: this.#log.child('config'),
      metrics,
    });
    this.#admin = new AdminView({
      flags,
      bootstrap,
      configuration: this.#configuration,
      supervisor: this.#supervisor,
      hub,
      log: this.#log,
      startedAt: systemClock.wallTime(),
      reopenLogs: () => this.reopenLogs(),
      quit: resolve,
    });
  }

  async start(): Promise<readonly Problem[]> {
    const { flags, bootstrap } = this.#parts;
    if (flags.mode === 'validate') {
      const all = (resources: ReadonlyMap<string, never>) => ({ set: resources, removed: [] });
      const clusters = all(bootstrap.clusters as ReadonlyMap<string, never>);
      const listeners = all(bootstrap.listeners as ReadonlyMap<string, never>);
      const rehearsed = await this.#rehearse({ clusters, listeners });
      return (rehearsed.ok ? rehearsed.value : rehearsed.error).map(bootstrap.place);
    }
    const refused = await this.#openAdmin();
    if (refused !== null) return [refused];
    this.#supervisor.start();
    return this.#configuration.start();
  }

  reopenLogs(): void {
    this.#log.reopen();
    this.#supervisor.tell({ kind: 'reopen-logs' });
  }

  async stop(graceMs: number): Promise<void> {
    this.#adminServer?.close();
    this.#configuration.close();
    await this.#supervisor.stop(graceMs);
  }

  async #openAdmin(): Promise<Problem | null> {
    const { bootstrap, registry, flags } = this.#parts;
    if (bootstrap.admin === null) return null;
    const { address, port } = bootstrap.admin;
    const log = this.#log.child('admin');
    const opened = await openAdminServer({ source: this.#admin, registry, address, port, log });
    if (!opened.ok) return opened.error;
    this.#adminServer = opened.value;
    return tellAddress(opened.value, flags.adminAddressPath);
  }

  #openResolver(): Resolver {
    const { catalog, library, registry } = this.#parts;
    return new Resolver({
      catalog,
      descriptors: registry.types,
      resolveWasm: (name, config) => library.resolveWasm(name, config),
      extension: (name) => this.#configuration.extension(name),
    });
  }

  readonly #apply: ApplyChange = (change) => {
    return this.#supervisor.apply(withoutManagementClusters(change, this.#parts.bootstrap));
  };

  #rehearse(change: Parameters<ApplyChange>[0]): ReturnType<ApplyChange> {
    return this.#supervisor.rehearse(withoutManagementClusters(change, this.#parts.bootstrap));
  }
}

/** Writes `address:port` into the file of `--admin-address-path`, for whoever asked for port 0. */
function tellAddress(admin: AdminServer, path: string | undefined): Problem | null {
  if (path === undefined) return null;
  const host = admin.address.includes(':') ? `[${admin.address}]` : admin.address;
  try {
    // A reader that waits for the file never sees half of it.
    writeFileSync(`${path}.new`, `${host}:${admin.port}`);
    renameSync(`${path}.new`, path);
    return null;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `the admin's address cannot be written: ${reason}`;
    return { level: 'error', code: 'LAT0007', message, origin: { file: path } };
  }
}

/** The management server is reached by gRPC of its own; no stream goes through its cluster. */
function withoutManagementClusters(
  change: Parameters<ApplyChange>[0],
  bootstrap: Bootstrap,
): Parameters<ApplyChange>[0] {
  const name = bootstrap.dynamic.ads?.clusterName;
  const { clusters } = change;
  if (clusters === undefined || name === undefined || !clusters.set.has(name)) return change;
  const set = new Map(clusters.set);
  set.delete(name);
  return { ...change, clusters: { ...clusters, set } };
}

function openMainMetrics(hub: MetricHub): ThreadMetrics {
  const source: MetricSource = hub.attach();
  return new ThreadMetrics((message) => source.receive(message));
}

/** Under the names that Envoy has for them. */
function countModuleLoads(library: ModuleLibrary, metrics: ThreadMetrics): void {
  const counter = (name: string) => metrics.counter('wasm', `remote_load_${name}`);
  const slots = {
    hit: counter('cache_hits'),
    fetched: counter('fetch_successes'),
    failed: counter('fetch_failures'),
  };
  library.countLoads((load) => metrics.add(slots[load], 1));
}
