import { systemClock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Log } from '@lateen/sdk/base/log';
import type { Problem } from '@lateen/sdk/base/problem';
import type { PluginState } from '../admin/wasm-page.ts';
import type { Plugin } from '../filter/plugin.ts';
import { PluginPool } from '../filter/plugin-pool.ts';
import { type CodecServices, openCodecServices } from '../http/h1-options.ts';
import type { Rejection } from '../http/rejection.ts';
import { ConnectionBudget } from '../net/connection-budget.ts';
import { type AcceptedInfo, ConnectionIds } from '../net/connection-info.ts';
import { Listener } from '../net/listener.ts';
import type { FilterChainConfig } from '../net/listener-config.ts';
import type { ListenTicket } from '../net/listening-socket.ts';
import { FileSinks } from '../observe/file-sinks.ts';
import type { ThreadMetrics } from '../observe/thread-metrics.ts';
import { openCallouts } from '../stream/callouts.ts';
import { rootProperties } from '../stream/properties.ts';
import { openRequestIds } from '../stream/request-ids.ts';
import { ClusterManager } from '../upstream/cluster-manager.ts';
import { createClientCodecs } from '../upstream/codecs.ts';
import { createResolver } from '../upstream/dns.ts';
import type { SharedStore } from '../wasm/effects.ts';
import { createRegexes } from '../wasm/regexes.ts';
import { Connections } from './connections.ts';
import { HttpStats } from './http-stats.ts';
import type { ListenerTickets, WorkerState } from './messages.ts';
import { PluginStats } from './plugin-stats.ts';
import type { Prepared } from './prepare.ts';
import { chainKey, type LiveListener, Runtime } from './runtime.ts';

export interface ServingOptions {
  /** 0, 1, 2, ... */
  readonly worker: number;
  readonly connectionsMax: number;
  /** Canonical JSON of the bootstrap's node. */
  readonly node: JsonObject;
  readonly metrics: ThreadMetrics;
  /** Shared data and queues of all workers. */
  readonly shared: SharedStore;
  readonly log: Log;
  readonly fileFlushIntervalMs: number;
  /** How long connections of a listener that was removed may go on. */
  readonly drainTimeMs: number;
}

/** How long a change waits for the names of its DNS clusters. */
const RESOLVE_PATIENCE_MS = 5_000;

interface OpenListener {
  readonly listeners: Listener[];
  live: LiveListener;
}

/** Everything with which one worker serves: sockets, streams, plugins, clusters. */
export class Serving {
  readonly runtime: Runtime;
  readonly sinks: FileSinks;
  readonly #options: ServingOptions;
  readonly #codec: CodecServices;
  readonly #clusters: ClusterManager;
  readonly #connections: Connections;
  readonly #pool: PluginPool;
  readonly #pluginStats: PluginStats;
  readonly #ids: ConnectionIds;
  readonly #budget: ConnectionBudget;
  readonly #stats: HttpStats;
  readonly #open = new Map<string, OpenListener>();

  constructor(options: ServingOptions) {
    this.#options = options;
    const { metrics, log, node } = options;
    const random = Math.random;
    this.#codec = openCodecServices(systemClock);
    this.#ids = new ConnectionIds(options.worker);
    this.#budget = new ConnectionBudget(options.connectionsMax);
    this.#stats = new HttpStats(metrics);
    this.sinks = new FileSinks({
      clock: systemClock,
      metrics,
      log: log.child('sink'),
      flushIntervalMs: options.fileFlushIntervalMs,
    });
    this.#clusters = this.#openClusters();
    this.#pool = new PluginPool({
      clock: systemClock,
      random,
      log: log.child('wasm'),
      callouts: openCallouts(this.#clusters, systemClock),
      metrics: metrics.guests,
      sharedData: options.shared,
      sinks: this.sinks,
      regexes: createRegexes(),
      rootProperties: rootProperties(node),
    });
    this.#pluginStats = new PluginStats(this.#pool, metrics, systemClock);
    this.runtime = new Runtime(this.#pool, systemClock);
    this.#connections = new Connections({
      codec: this.#codec,
      streams: {
        clock: this.#codec.clock,
        wheel: this.#codec.timers,
        random,
        clusters: this.#clusters,
        node,
        requestIds: openRequestIds(),
        maps: this.#codec.maps,
        stats: this.#stats,
      },
      onRejected: (rejection, prefix) => this.#rejected(rejection, prefix),
    });
  }

  /** Swaps a prepared change in. Clusters come first, so that no route names a missing one. */
  async commit(
    prepared: Prepared,
    tickets: readonly ListenerTickets[],
  ): Promise<readonly Problem[]> {
    const { clusters, services } = prepared;
    this.#clusters.apply({ ...clusters, removedClusters: [] });
    await this.#resolved(clusters.clusters.map((config) => config.name));
    const { opened, changed, closed } = this.runtime.commit(services);
    for (const live of changed) this.#update(live);
    for (const live of closed) this.#close(live);
    const problems: Problem[] = [];
    for (const live of opened) {
      const own = tickets.find((entry) => entry.name === live.message.name);
      problems.push(...(await this.#listen(live, own?.tickets ?? [])));
    }
    this.#clusters.apply({
      clusters: [],
      removedClusters: clusters.removedClusters,
      assignments: [],
    });
    return problems;
  }

  discard(prepared: Prepared): void {
    this.runtime.discard(prepared.services);
  }

  state(): WorkerState {
    return {
      clusters: this.#clusters.status(),
      connections: this.#connections.connections,
      streams: this.#connections.streams,
      plugins: [...this.#pool.plugins].map(pluginState),
    };
  }

  /** Answers say `Connection: close`; of inbound listeners only, if asked. */
  drain(inboundOnly: boolean): void {
    const drained = new Set(
      [...this.#open.values()]
        .filter(({ live }) => !inboundOnly || live.config.direction === 'INBOUND')
        .flatMap(({ live }) => [...live.services.values()]),
    );
    this.#connections.drain((service) => drained.has(service));
  }

  /** Accepts no more, lets answers go out for so long, then ends everything. */
  async close(graceMs: number): Promise<void> {
    for (const { listeners } of this.#open.values()) for (const l of listeners) l.stop();
    await this.#connections.retire(graceMs, () => true);
    for (const { listeners } of this.#open.values()) for (const l of listeners) l.close();
    this.#clusters.close();
    this.#pluginStats.close();
    this.sinks.close();
  }

  /** Names are looked up before routes lead to them; a slow server is waited for only so long. */
  async #resolved(clusters: readonly string[]): Promise<void> {
    const ready = Promise.all(clusters.map((name) => this.#resolvable(name)));
    const patience = Promise.withResolvers<void>();
    const timer = systemClock.setTimer(RESOLVE_PATIENCE_MS, patience.resolve);
    await Promise.race([ready, patience.promise]);
    timer.cancel();
  }

  /** EDS clusters come with their endpoints; only names have to be waited for. */
  #resolvable(name: string): Promise<void> {
    return this.#clusters.isDns(name) ? this.#clusters.ready(name) : Promise.resolve();
  }

  #openClusters(): ClusterManager {
    const { metrics, log, worker } = this.#options;
    return new ClusterManager({
      clock: this.#codec.clock,
      random: Math.random,
      slots: metrics,
      codecs: createClientCodecs(this.#codec),
      nextConnectionId: () => this.#ids.next(),
      publishesMembership: worker === 0,
      resolve: createResolver(),
      log: log.child('upstream'),
    });
  }

  async #listen(live: LiveListener, tickets: readonly ListenTicket[]): Promise<readonly Problem[]> {
    const entry: OpenListener = { listeners: [], live };
    this.#open.set(live.message.name, entry);
    const problems: Problem[] = [];
    for (const ticket of tickets) {
      const listener = await Listener.open({
        config: live.config,
        ticket,
        slots: this.#options.metrics,
        budget: this.#budget,
        ids: this.#ids,
        log: this.#options.log.child('net'),
        onConnection: (socket, chain, info) => {
          this.#accepted(entry, { socket, chain, info });
        },
      });
      if (listener.ok) entry.listeners.push(listener.value);
      else problems.push(listener.error);
    }
    return problems;
  }

  #update(live: LiveListener): void {
    const entry = this.#open.get(live.message.name);
    if (entry === undefined) return;
    entry.live = live;
    for (const listener of entry.listeners) listener.update(live.config);
  }

  #close(live: LiveListener): void {
    const entry = this.#open.get(live.message.name);
    if (entry === undefined) return;
    this.#open.delete(live.message.name);
    const services = new Set(live.services.values());
    for (const listener of entry.listeners) listener.stop();
    void this.#connections
      .retire(this.#options.drainTimeMs, (service) => services.has(service))
      .then(() => {
        for (const service of services) service.close();
      });
  }

  #accepted(
    entry: OpenListener,
    accepted: {
      readonly socket: import('node:net').Socket;
      readonly chain: FilterChainConfig;
      readonly info: AcceptedInfo;
    },
  ): void {
    const service = entry.live.services.get(chainKey(accepted.chain));
    if (service === undefined) accepted.socket.destroy();
    else this.#connections.serve(accepted.socket, service, accepted.info);
  }

  #rejected(rejection: Rejection, statPrefix: string): void {
    this.#stats.rejected(statPrefix, rejection.status);
    this.#options.log.child('http').write('debug', 'request refused', {
      code: rejection.code,
      status: rejection.status,
    });
  }
}

function pluginState(plugin: Plugin): PluginState {
  const { name, rootId, vmId, module, failurePolicy, alive, rebuilds, refusals } = plugin;
  return {
    ...{ name, rootId, vmId, failurePolicy, alive, rebuilds, refusals },
    module: module.digest,
    abi: module.abi,
    trusted: module.trusted,
    streams: plugin.usage.streams,
    memoryBytes: plugin.memoryBytes,
    fault: plugin.lastFault?.message ?? '',
  };
}
