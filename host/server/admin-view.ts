import type { JsonObject } from '@lateen/sdk/base/json';
import type {
  AdminSource,
  DrainRequest,
  ListenerStatus,
  ServerState,
} from '../admin/admin-source.ts';
import type { PluginState } from '../admin/wasm-page.ts';
import type { Bootstrap } from '../config/bootstrap.ts';
import { dumpConfiguration } from '../config/config-dump.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Flags } from '../config/flags.ts';
import type { LeveledLog, LogThresholds } from '../observe/log.ts';
import type { MetricHub, SeriesValue } from '../observe/metric-hub.ts';
import { mergeStatuses } from '../upstream/cluster-status.ts';
import { clustersJson, clustersText } from '../upstream/clusters-page.ts';
import type { Supervisor } from './supervisor.ts';
import { version } from './version.ts';

export interface AdminViewOptions {
  readonly flags: Flags;
  readonly bootstrap: Bootstrap;
  readonly configuration: Configuration;
  readonly supervisor: Supervisor;
  readonly hub: MetricHub;
  readonly log: LeveledLog;
  readonly startedAt: number;
  readonly reopenLogs: () => void;
  readonly quit: () => void;
}

/** What the admin interface shows of this process, and does to it. */
export class AdminView implements AdminSource {
  readonly version = version();
  readonly node: JsonObject;
  readonly startedAt: number;
  readonly log: LeveledLog;
  readonly #options: AdminViewOptions;
  #initialized = false;
  #healthy = true;
  #draining = false;

  constructor(options: AdminViewOptions) {
    this.#options = options;
    this.node = options.bootstrap.node;
    this.startedAt = options.startedAt;
    this.log = options.log;
    void options.configuration.initialized.then(() => {
      this.#initialized = true;
    });
  }

  get commandLine(): JsonObject {
    const { flags } = this.#options;
    return {
      config_path: flags.configPath ?? '',
      config_yaml: flags.configYaml ?? '',
      concurrency: this.#options.supervisor.workers.configured,
      log_level: flags.logLevel,
      service_cluster: flags.serviceCluster ?? '',
      service_node: flags.serviceNode ?? '',
      service_zone: flags.serviceZone ?? '',
      mode: flags.mode === 'serve' ? 'Serve' : 'Validate',
      drain_time: `${flags.drainTimeMs / 1000}s`,
    };
  }

  state(): ServerState {
    if (!this.#initialized) return 'INITIALIZING';
    return this.#draining || !this.#healthy ? 'DRAINING' : 'LIVE';
  }

  workers(): { readonly started: number; readonly configured: number } {
    return this.#options.supervisor.workers;
  }

  series(): readonly SeriesValue[] {
    return this.#options.hub.snapshot();
  }

  async clusters(): Promise<{ readonly text: string; readonly json: JsonObject }> {
    const states = await this.#options.supervisor.inspect();
    const statuses = mergeStatuses(states.map((state) => state.clusters));
    return { text: clustersText(statuses), json: clustersJson(statuses) };
  }

  async plugins(): Promise<readonly (readonly PluginState[])[]> {
    const states = await this.#options.supervisor.inspect();
    return states.map((state) => state.plugins);
  }

  listeners(): readonly ListenerStatus[] {
    return [...this.#options.supervisor.addresses()].map(([name, addresses]) => ({
      name,
      addresses,
    }));
  }

  configDump(): readonly JsonObject[] {
    const { bootstrap, configuration, startedAt } = this.#options;
    return dumpConfiguration(bootstrap, configuration, startedAt);
  }

  initDump(): Readonly<Record<string, readonly string[]>> {
    const { store } = this.#options.configuration;
    return {
      clusters: [...store.warming('clusters').keys()],
      listeners: [...store.warming('listeners').keys()],
    };
  }

  setLogThresholds(thresholds: LogThresholds): void {
    this.#options.log.setThresholds(thresholds);
    this.#options.supervisor.tell({ kind: 'log-thresholds', thresholds });
  }

  reopenLogs(): void {
    this.#options.reopenLogs();
  }

  setHealthy(healthy: boolean): void {
    this.#healthy = healthy;
  }

  drainListeners(request: DrainRequest): void {
    this.#draining = true;
    this.#options.supervisor.tell({ kind: 'drain', inboundOnly: request.inboundOnly });
  }

  quit(): void {
    this.#options.quit();
  }
}
