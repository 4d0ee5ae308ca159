import type { Clock, Random } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { formatAddress } from '../net/ip.ts';
import type { MetricSlots } from '../wasm/effects.ts';
import { type Assignment, NO_ENDPOINTS } from './assignment.ts';
import { Attempt } from './attempt.ts';
import { Breakers } from './breakers.ts';
import { type Chooser, createChooser } from './chooser.ts';
import type { ClusterConfig } from './cluster-config.ts';
import { ClusterStats } from './cluster-stats.ts';
import { type HostPlace, localityText, UpstreamHost } from './host.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { AttemptHandle, AttemptReceiver, AttemptRequest, Cluster } from './seam.ts';
import type { ClientCodecs } from './upstream-protocol.ts';

/** What a worker's clusters share. */
export interface UpstreamServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly slots: MetricSlots;
  readonly codecs: ClientCodecs;
  readonly nextConnectionId: () => number;
  /** Counts of circuit breakers that all workers share; undefined = the worker's own. */
  readonly breakerCounts?: (cluster: string) => Int32Array;
  /**
   * Whether this worker publishes membership: what workers publish is summed, so
   * exactly one does.
   */
  readonly publishesMembership: boolean;
}

/**
 * A cluster as it serves. Configuration and endpoints are replaced in place: hosts that stay keep
 * their connections, hosts that go finish what they carry.
 */
export class UpstreamCluster implements Cluster {
  readonly name: string;
  readonly stats: ClusterStats;
  readonly #services: UpstreamServices;
  readonly #settings: PoolSettings & { config: ClusterConfig };
  #hosts = new Map<string, UpstreamHost>();
  /** Hosts that have left, until their last connection closes. */
  readonly #leaving = new Set<UpstreamHost>();
  #assignment: Assignment;
  #choose: Chooser<UpstreamHost> = () => null;
  #removed = false;

  constructor(config: ClusterConfig, services: UpstreamServices) {
    this.name = config.name;
    this.#services = services;
    this.stats = new ClusterStats(services.slots, config.statName);
    this.#settings = {
      config,
      clock: services.clock,
      breakers: new Breakers(config.breakers, services.breakerCounts?.(config.name)),
      stats: this.stats,
      codecs: services.codecs,
      nextConnectionId: services.nextConnectionId,
    };
    this.#assignment = { clusterName: config.name, ...NO_ENDPOINTS };
  }

  get config(): ClusterConfig {
    return this.#settings.config;
  }

  get metadata(): JsonObject {
    return this.#settings.config.metadata;
  }

  get breakers(): Breakers {
    return this.#settings.breakers;
  }

  get endpointCount(): number {
    return this.#hosts.size;
  }

  /** Whether a connection is still open, to a host that stays or that has left. */
  get busy(): boolean {
    this.#forgetEmpty();
    return this.#leaving.size > 0 || [...this.#hosts.values()].some(hasConnections);
  }

  get hosts(): IterableIterator<UpstreamHost> {
    return this.#hosts.values();
  }

  open(wish: AttemptRequest, receiver: AttemptReceiver): AttemptHandle {
    const { breakers } = this.#settings;
    if (wish.retry === true && !breakers.take('retries')) {
      this.stats.add('upstream_rq_retry_overflow', 1);
      const attempt = new Attempt(receiver, null);
      attempt.fail('overflow', 'too many retries', null);
      return attempt;
    }
    const onEnd = wish.retry === true ? () => breakers.give('retries') : null;
    const attempt = new Attempt(receiver, onEnd);
    const host = this.#chooseHost(wish);
    if (host === null) {
      this.stats.add('upstream_cx_none_healthy', 1);
      attempt.fail('no-healthy-host', 'no healthy upstream', null);
    } else {
      host.pool.open(attempt);
    }
    return attempt;
  }

  /** Takes the new configuration over; connections opened from now on follow it. */
  update(config: ClusterConfig): void {
    const { protocol } = this.#settings.config.http;
    this.#settings.config = config;
    if (config.http.protocol !== protocol) this.#reopenHosts();
    this.#settings.breakers.update(config.breakers);
    this.#rebalance();
  }

  /** Takes the endpoints over. Names must have been resolved. */
  assign(assignment: Assignment): void {
    if (this.#removed) return;
    const places = placesOf(assignment);
    const changed = this.#replaceHosts(places);
    this.#assignment = assignment;
    this.#rebalance();
    if (changed && this.#services.publishesMembership) this.stats.add('membership_change', 1);
  }

  /** No new requests; what is under way ends by itself. */
  remove(): void {
    this.assign({ ...this.#assignment, ...NO_ENDPOINTS });
    this.#removed = true;
  }

  /** Cuts everything. */
  close(): void {
    for (const host of [...this.#hosts.values(), ...this.#leaving]) host.pool.close();
    this.remove();
  }

  #chooseHost(wish: AttemptRequest): UpstreamHost | null {
    let host = this.#choose(wish.hash);
    if (host === null || wish.avoid.length === 0) return host;
    for (let again = wish.hostAttempts; again > 0 && wish.avoid.includes(host); again--) {
      host = this.#choose(wish.hash) ?? host;
    }
    return host;
  }

  /** Whether any host came or went. */
  #replaceHosts(places: ReadonlyMap<string, HostPlace>): boolean {
    const before = this.#hosts;
    const hosts = new Map<string, UpstreamHost>();
    let changed = false;
    for (const [address, place] of places) {
      const known = before.get(address);
      known?.move(place);
      if (known === undefined) changed = true;
      hosts.set(address, known ?? this.#enter(address, place));
    }
    for (const [address, host] of before) {
      if (hosts.has(address)) continue;
      changed = true;
      this.#leave(host);
    }
    this.#hosts = hosts;
    return changed;
  }

  /** What the connections speak has changed: the old ones finish what they carry. */
  #reopenHosts(): void {
    for (const [address, host] of this.#hosts) {
      this.#leave(host);
      this.#hosts.set(address, this.#enter(address, host.place));
    }
  }

  /** A host that left a moment ago comes back with the connections it still has. */
  #enter(address: string, place: HostPlace): UpstreamHost {
    this.#forgetEmpty();
    const { protocol } = this.#settings.config.http;
    for (const host of this.#leaving) {
      if (host.address !== address || host.protocol !== protocol) continue;
      this.#leaving.delete(host);
      host.move(place);
      host.pool.revive();
      return host;
    }
    return new UpstreamHost(place, this.#settings);
  }

  #leave(host: UpstreamHost): void {
    this.#forgetEmpty();
    host.pool.drain();
    if (hasConnections(host)) this.#leaving.add(host);
  }

  #forgetEmpty(): void {
    for (const host of this.#leaving) {
      if (!hasConnections(host)) this.#leaving.delete(host);
    }
  }

  #rebalance(): void {
    const hosts = [...this.#hosts.values()];
    const { localities, overprovisioningFactor } = this.#assignment;
    this.#choose = createChooser(hosts, {
      balancer: this.#settings.config.balancer,
      overprovisioningFactor,
      localityWeights: new Map(
        localities.map((item) => [localityText(item.locality), item.weight]),
      ),
      random: this.#services.random,
      onPanic: () => this.stats.add('lb_healthy_panic', 1),
    });
    if (this.#services.publishesMembership) this.#publishMembership(hosts);
  }

  #publishMembership(hosts: readonly UpstreamHost[]): void {
    const count = (health: string): number => hosts.filter((host) => host.health === health).length;
    this.stats.record('membership_total', hosts.length);
    this.stats.record('membership_healthy', count('healthy'));
    this.stats.record('membership_degraded', count('degraded'));
  }
}

function hasConnections(host: UpstreamHost): boolean {
  return host.pool.counts.activeConnections > 0;
}

/** The first mention of an address counts. */
function placesOf(assignment: Assignment): ReadonlyMap<string, HostPlace> {
  const places = new Map<string, HostPlace>();
  for (const { locality, priority, endpoints } of assignment.localities) {
    for (const endpoint of endpoints) {
      const address = formatAddress(endpoint.host, endpoint.port);
      if (!places.has(address)) places.set(address, { endpoint, locality, priority });
    }
  }
  return places;
}
