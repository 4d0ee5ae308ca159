import type { Clock, Random } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Log } from '@lateen/sdk/base/log';
import type { Problem } from '@lateen/sdk/base/problem';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import type { MetricSlots } from '../wasm/effects.ts';
import type { Bootstrap } from './bootstrap.ts';
import type { ConfigSource, GrpcSource } from './config-source.ts';
import { DiscoveryClient } from './discovery-client.ts';
import { DiscoveryStats } from './discovery-stats.ts';
import type { DiscoveredUpdate, DiscoveryHandler } from './discovery-types.ts';
import { PathSource } from './path-source.ts';
import { unsupportedSources } from './references.ts';
import {
  type ApplyChange,
  type ResourceType,
  resourceTypeOf,
  typeUrlOf,
  type VersionedResource,
} from './resources.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { targetsOf } from './targets.ts';

export interface ConfigurationOptions {
  readonly bootstrap: Bootstrap;
  readonly registry: XdsRegistry;
  readonly apply: ApplyChange;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: MetricSlots;
}

const FOREVER = Number.POSITIVE_INFINITY;
const NAMED_TYPES = ['assignments', 'routes', 'extensions'] as const;

/** The services that bring one type alone, by dialect. */
const SINGLE_PATHS = {
  clusters: {
    delta: '/envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters',
    sotw: '/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters',
  },
  listeners: {
    delta: '/envoy.service.listener.v3.ListenerDiscoveryService/DeltaListeners',
    sotw: '/envoy.service.listener.v3.ListenerDiscoveryService/StreamListeners',
  },
} as const;

/**
 * Everything that is configured: the bootstrap's own resources first, then what management servers
 * and files bring. Clusters are asked for before listeners, so that the first request finds its
 * cluster.
 */
export class Configuration implements DiscoveryHandler {
  readonly store: SnapshotStore;
  /** Resolves when everything that the bootstrap asks for has come once and is in force. */
  readonly initialized: Promise<void>;
  readonly #options: ConfigurationOptions;
  readonly #stats: DiscoveryStats;
  readonly #sources: { close(): void }[] = [];
  readonly #static: { readonly [Type in ResourceType]?: ReadonlySet<string> };
  readonly #arrived = new Map<ResourceType, () => void>();
  readonly #initialize: () => void;
  #ads: DiscoveryClient | undefined;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
    const { bootstrap, apply, clock, log, metrics } = options;
    this.store = new SnapshotStore({ apply, clock, log });
    this.#stats = new DiscoveryStats(metrics);
    this.#static = {
      clusters: new Set(bootstrap.clusters.keys()),
      listeners: new Set(bootstrap.listeners.keys()),
    };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.initialized = promise;
    this.#initialize = resolve;
    this.store.watch(() => this.#onChange());
  }

  /**
   * Puts the bootstrap's own resources into force, then starts discovery. Returns what was refused
   * of the former: a process should not start with part of its file.
   */
  async start(): Promise<readonly Problem[]> {
    const { clusters, listeners, dynamic } = this.#options.bootstrap;
    const ads = dynamic.ads === null ? [] : this.#openAds(dynamic.ads);
    const sources = [...clusters, ...listeners].flatMap(([name, json]) =>
      sourceProblems(name, json),
    );
    // Together, so that a listener of the file finds its clusters from the first request on.
    const refused = await Promise.all([
      this.store.update('clusters', fromFile(clusters)),
      this.store.update('listeners', fromFile(listeners)),
    ]);
    const problems = [...ads, ...sources, ...refused.flat()].map(this.#options.bootstrap.place);
    if (problems.length === 0) void this.#startDynamic();
    return problems;
  }

  /** The configuration of an extension (ECDS), as the change under way will leave it. */
  extension(name: string): JsonObject | undefined {
    const config = this.store.current('extensions', name)?.['typedConfig'];
    return typeof config === 'object' ? (config as JsonObject) : undefined;
  }

  held(typeUrl: string): ReadonlyMap<string, string> {
    const type = resourceTypeOf(typeUrl);
    if (type === undefined) return new Map();
    const versions = [...this.store.versions(type)];
    return new Map(versions.filter(([name]) => !this.isStatic(type, name)));
  }

  /** Whether the resource stands in the bootstrap. */
  isStatic(type: ResourceType, name: string): boolean {
    return this.#static[type]?.has(name) ?? false;
  }

  async onUpdate(typeUrl: string, update: DiscoveredUpdate): Promise<readonly Problem[]> {
    const type = resourceTypeOf(typeUrl);
    if (type === undefined) return [];
    const { set, problems } = this.#acceptable(type, update.set);
    const gone = update.whole ? [...this.held(typeUrl).keys()].filter((n) => !set.has(n)) : [];
    const removed = [...update.removed, ...gone].filter((name) => !this.isStatic(type, name));
    problems.push(...(await this.store.update(type, { set, removed })));
    this.#stats.updated(type, problems.length === 0 ? 'update_success' : 'update_rejected');
    this.#arrived.get(type)?.();
    return problems;
  }

  close(): void {
    for (const source of this.#sources) source.close();
    this.store.close();
  }

  /** Leaves out what discovery may not replace, what nobody asked for, and what cannot be fed. */
  #acceptable(
    type: ResourceType,
    resources: DiscoveredUpdate['set'],
  ): { readonly set: Map<string, VersionedResource>; readonly problems: Problem[] } {
    const wanted = isNamed(type) ? this.store.wanted(type) : undefined;
    const set = new Map<string, VersionedResource>();
    const problems: Problem[] = [];
    for (const [name, resource] of resources) {
      const faults = this.isStatic(type, name)
        ? [staticProblem(name)]
        : sourceProblems(name, resource.json);
      problems.push(...faults);
      if (faults.length === 0 && (wanted?.has(name) ?? true)) set.set(name, resource);
    }
    return { set, problems };
  }

  async #startDynamic(): Promise<void> {
    const { cds, lds } = this.#options.bootstrap.dynamic;
    if (cds !== null) await this.#fetch('clusters', cds);
    if (lds !== null) await this.#fetch('listeners', lds);
    await this.#warm();
    this.#initialize();
  }

  /** Asks for all of a type; resolves when it has come, or the fetch timeout is over. */
  #fetch(type: 'clusters' | 'listeners', source: ConfigSource): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#arrived.set(type, resolve);
    const timeoutMs = source.kind === 'path' ? FOREVER : source.initialFetchTimeoutMs || FOREVER;
    if (timeoutMs !== FOREVER) this.#options.clock.setTimer(timeoutMs, resolve);
    if (source.kind === 'ads') this.#ads?.want(typeUrlOf(type), { kind: 'all' });
    else if (source.kind === 'grpc') this.#openSingle(type, source.server);
    else this.#openPath(type, source);
    return promise;
  }

  /** Resolves when no listener waits for its routes any more. */
  #warm(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      if (this.store.warming('listeners').size === 0) resolve();
    };
    this.store.watch(check);
    check();
    return promise;
  }

  #openAds(source: GrpcSource): readonly Problem[] {
    const client = this.#openClient(source);
    if (Array.isArray(client)) return client;
    this.#ads = client as DiscoveryClient;
    return [];
  }

  #openSingle(type: 'clusters' | 'listeners', source: GrpcSource): void {
    const client = this.#openClient(source, SINGLE_PATHS[type][source.dialect]);
    if (client instanceof DiscoveryClient) client.want(typeUrlOf(type), { kind: 'all' });
  }

  #openClient(source: GrpcSource, path?: string): DiscoveryClient | readonly Problem[] {
    const { registry, clock, random, bootstrap, log } = this.#options;
    const targets = targetsOf(source, bootstrap.clusters);
    if (!targets.ok) return [targets.error];
    const client = new DiscoveryClient({
      registry,
      clock,
      random,
      log,
      dialect: source.dialect,
      targets: targets.value,
      metadata: source.metadata,
      node: withUserAgent(bootstrap.node),
      handler: this,
      onConnected: (connected) => this.#stats.connected(connected),
      ...(path === undefined ? {} : { path }),
    });
    this.#sources.push(client);
    return client;
  }

  #openPath(
    type: 'clusters' | 'listeners',
    { path, watchedDirectory }: Extract<ConfigSource, { kind: 'path' }>,
  ): void {
    const { registry, log } = this.#options;
    const typeUrl = typeUrlOf(type);
    const onUpdate = async (update: DiscoveredUpdate) => {
      await this.onUpdate(typeUrl, update);
    };
    const source = new PathSource({ path, watchedDirectory, typeUrl, registry, log, onUpdate });
    this.#sources.push(source);
    source.open();
  }

  #onChange(): void {
    this.#stats.refresh(this.store);
    for (const type of NAMED_TYPES) {
      const names = this.store.wanted(type);
      this.#ads?.want(typeUrlOf(type), { kind: 'named', names });
    }
  }
}

function fromFile(resources: ReadonlyMap<string, JsonObject>) {
  const set = [...resources].map(([name, json]) => [name, { json, version: '' }] as const);
  return { set: new Map(set), removed: [] };
}

function isNamed(type: ResourceType): type is (typeof NAMED_TYPES)[number] {
  return NAMED_TYPES.some((named) => named === type);
}

function sourceProblems(name: string, json: JsonObject): readonly Problem[] {
  const message = 'only ads is supported as a source here';
  return unsupportedSources(json).map((path) => {
    return { level: 'error', code: 'LAT0601', message, origin: { resource: name, path } };
  });
}

function staticProblem(name: string): Problem {
  const message = 'stands in the bootstrap and cannot be replaced by discovery';
  return { level: 'error', code: 'LAT0608', message, origin: { resource: name } };
}

/** What servers look at to know what they may send. */
function withUserAgent(node: JsonObject): JsonObject {
  return {
    ...node,
    userAgentName: 'lateen',
    clientFeatures: [
      'envoy.lb.does_not_support_overprovisioning',
      'xds.config.supports-resource-ttl',
    ],
  };
}
