import type { Log } from '@lateen/sdk/base/log';
import type { Assignment } from './assignment.ts';
import { UpstreamCluster, type UpstreamServices } from './cluster.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { type ClusterStatus, clusterStatus } from './cluster-status.ts';
import type { ResolveName } from './dns.ts';
import { DnsEndpoints, type DnsOutcome } from './dns-endpoints.ts';
import type { Cluster, ClusterSet } from './seam.ts';

export interface ClusterManagerOptions extends UpstreamServices {
  readonly resolve: ResolveName;
  readonly log: Log;
}

/** A parsed change; what is not named stays. Clusters come before their assignments. */
export interface ClusterChange {
  readonly clusters: readonly ClusterConfig[];
  readonly removedClusters: readonly string[];
  readonly assignments: readonly Assignment[];
}

interface Entry {
  readonly cluster: UpstreamCluster;
  config: ClusterConfig;
  dns: DnsEndpoints | null;
  /** Of an EDS cluster: the assignment has come. */
  assigned: boolean;
  readonly whenReady: (() => void)[];
}

/** A worker's clusters. A change is parsed before it comes here, so applying it cannot fail. */
export class ClusterManager implements ClusterSet {
  readonly #options: ClusterManagerOptions;
  readonly #entries = new Map<string, Entry>();
  /** Removed clusters whose requests are still under way. */
  readonly #leaving = new Set<UpstreamCluster>();
  /** Assignments by EDS service name; they may come before their cluster. */
  readonly #assignments = new Map<string, Assignment>();

  constructor(options: ClusterManagerOptions) {
    this.#options = options;
  }

  get(name: string): Cluster | undefined {
    return this.#entries.get(name)?.cluster;
  }

  apply(change: ClusterChange): void {
    for (const assignment of change.assignments) {
      this.#assignments.set(assignment.clusterName, assignment);
    }
    for (const config of change.clusters) this.upsert(config);
    for (const assignment of change.assignments) this.assign(assignment);
    for (const name of change.removedClusters) this.remove(name);
  }

  /** Adds a cluster or updates it; hosts that stay keep their connections. */
  upsert(config: ClusterConfig): void {
    const known = this.#entries.get(config.name);
    if (known === undefined) {
      this.#add(config);
      return;
    }
    const before = known.config;
    known.config = config;
    known.cluster.update(config);
    if (sameSource(before, config)) return;
    known.dns?.close();
    known.dns = null;
    this.#supply(known);
  }

  /** Takes over the endpoints of every EDS cluster that uses this service name. */
  assign(assignment: Assignment): void {
    this.#assignments.set(assignment.clusterName, assignment);
    for (const entry of this.#entries.values()) {
      if (entry.config.kind !== 'eds') continue;
      if (entry.config.edsServiceName !== assignment.clusterName) continue;
      entry.assigned = true;
      entry.cluster.assign(assignment);
      becomeReady(entry);
    }
  }

  /** New requests find no cluster; those under way end by themselves. */
  remove(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    entry.dns?.close();
    becomeReady(entry);
    entry.cluster.remove();
    this.#forgetAssignment(entry.config);
    for (const cluster of this.#leaving) if (!cluster.busy) this.#leaving.delete(cluster);
    if (entry.cluster.busy) this.#leaving.add(entry.cluster);
  }

  /**
   * Resolves when the cluster has its endpoints: static at once, DNS after the first answer or
   * failure, EDS with its assignment. The caller sets the limit of its patience.
   */
  ready(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return Promise.resolve();
    if (entry.dns !== null) return entry.dns.ready;
    if (entry.config.kind !== 'eds' || entry.assigned) return Promise.resolve();
    return new Promise((resolve) => entry.whenReady.push(resolve));
  }

  /** Whether the cluster's endpoints are names that have to be looked up. */
  isDns(name: string): boolean {
    return (this.#entries.get(name)?.dns ?? null) !== null;
  }

  /** For `/clusters`; plain data that can be posted to the main thread. */
  status(): readonly ClusterStatus[] {
    return [...this.#entries.values()].map((entry) => clusterStatus(entry.cluster));
  }

  /** Cuts everything; the worker ends. */
  close(): void {
    for (const entry of this.#entries.values()) {
      entry.dns?.close();
      becomeReady(entry);
      entry.cluster.close();
    }
    for (const cluster of this.#leaving) cluster.close();
    this.#entries.clear();
    this.#leaving.clear();
  }

  #add(config: ClusterConfig): void {
    const cluster = new UpstreamCluster(config, this.#options);
    const entry: Entry = { cluster, config, dns: null, assigned: false, whenReady: [] };
    this.#entries.set(config.name, entry);
    this.#supply(entry);
  }

  /** Sees to it that the cluster gets its endpoints. */
  #supply(entry: Entry): void {
    const { config, cluster } = entry;
    if (config.kind === 'eds') {
      const assignment = this.#assignments.get(config.edsServiceName);
      entry.assigned = assignment !== undefined;
      if (assignment !== undefined) cluster.assign(assignment);
      return;
    }
    if (config.assignment === null) return;
    if (config.kind === 'static') {
      cluster.assign(config.assignment);
      return;
    }
    const { resolve, clock, random } = this.#options;
    entry.dns = new DnsEndpoints(config.assignment, {
      config,
      resolve,
      clock,
      random,
      onAssignment: (assignment) => cluster.assign(assignment),
      onOutcome: (outcome) => this.#resolved(cluster, outcome),
    });
  }

  #resolved(cluster: UpstreamCluster, outcome: DnsOutcome): void {
    cluster.stats.add('update_attempt', 1);
    if (outcome.kind === 'resolved') {
      cluster.stats.add('update_success', 1);
      if (outcome.empty) cluster.stats.add('update_empty', 1);
      return;
    }
    cluster.stats.add('update_failure', 1);
    const { name, reason } = outcome;
    this.#options.log.write('warn', 'name resolution failed', {
      cluster: cluster.name,
      name,
      reason,
    });
  }

  #forgetAssignment(config: ClusterConfig): void {
    for (const { config: other } of this.#entries.values()) {
      if (other.kind === 'eds' && other.edsServiceName === config.edsServiceName) return;
    }
    this.#assignments.delete(config.edsServiceName);
  }
}

/** Whether both take their endpoints from the same place with the same rules. */
function sameSource(a: ClusterConfig, b: ClusterConfig): boolean {
  const source = ({ kind, edsServiceName, assignment, dns }: ClusterConfig): string =>
    JSON.stringify({ kind, edsServiceName, assignment, dns });
  return source(a) === source(b);
}

function becomeReady(entry: Entry): void {
  for (const resolve of entry.whenReady.splice(0)) resolve();
}
