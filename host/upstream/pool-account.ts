import type { Attempt, AttemptQueue } from './attempt.ts';
import type { ClusterStat } from './cluster-stats.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { Host, PoolFailure } from './seam.ts';

/** Figures of one host, for `/clusters` and for balancing. */
export interface PoolCounts {
  activeRequests: number;
  requests: number;
  activeConnections: number;
  connections: number;
  connectFailures: number;
}

/** Connections to one host, whatever they speak. */
export interface UpstreamPool {
  readonly counts: PoolCounts;
  /** Connections without a request. */
  readonly idleConnections: number;
  /** Gives the attempt a connection now or later, or tells it why there will be none. */
  open(attempt: Attempt): void;
  /** The host is gone: idle connections close now, busy ones with their last message. */
  drain(): void;
  /** The host is back before its last connection had closed. */
  revive(): void;
  /** Ends everything at once: those who wait hear a failure, busy connections are cut. */
  close(): void;
}

/** What a connection has seen of use. */
interface Used {
  readonly requests: number;
  readonly ageMs: number;
}

/**
 * The books of one pool: who waits for a connection, what counts against the circuit breakers, and
 * what is told to the statistics.
 */
export class PoolAccount {
  readonly counts: PoolCounts = {
    activeRequests: 0,
    requests: 0,
    activeConnections: 0,
    connections: 0,
    connectFailures: 0,
  };
  readonly #host: Host;
  readonly #settings: PoolSettings;
  readonly #protocolStat: ClusterStat;
  readonly #pending = new Set<Attempt>();

  constructor(host: Host, settings: PoolSettings, protocolStat: ClusterStat) {
    this.#host = host;
    this.#settings = settings;
    this.#protocolStat = protocolStat;
  }

  /** Attempts that wait. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Lets the attempt wait; false where so many wait already, and the attempt was told. */
  enqueue(attempt: Attempt, queue: AttemptQueue): boolean {
    const { breakers, stats } = this.#settings;
    if (!breakers.take('pending')) {
      stats.add('upstream_rq_pending_overflow', 1);
      attempt.fail('overflow', 'too many pending requests', this.#host);
      return false;
    }
    stats.add('upstream_rq_pending_total', 1);
    stats.add('upstream_rq_pending_active', 1);
    this.#pending.add(attempt);
    attempt.queued(queue);
    return true;
  }

  /** Given up while it waited. */
  withdraw(attempt: Attempt): void {
    if (this.#unqueue(attempt)) this.#settings.stats.add('upstream_rq_cancelled', 1);
  }

  /** The one that has waited longest, or null. */
  nextPending(): Attempt | null {
    for (const attempt of this.#pending) {
      this.#unqueue(attempt);
      return attempt;
    }
    return null;
  }

  /** Whoever waits would wait for a host that does not answer; a retry may find a better one. */
  failPending(failure: PoolFailure, detail: string): void {
    const waiting = [...this.#pending];
    for (const attempt of waiting) this.#unqueue(attempt);
    for (const attempt of waiting) {
      this.#settings.stats.add('upstream_rq_pending_failure_eject', 1);
      attempt.fail(failure, detail, this.#host);
    }
  }

  /** False where the cluster has as many requests as it may. */
  requestBegins(): boolean {
    const { breakers, stats } = this.#settings;
    if (!breakers.take('requests')) {
      stats.add('upstream_rq_pending_overflow', 1);
      return false;
    }
    stats.add('upstream_rq_total', 1);
    stats.add('upstream_rq_active', 1);
    this.counts.requests++;
    this.counts.activeRequests++;
    return true;
  }

  requestEnds(): void {
    this.counts.activeRequests--;
    this.#settings.breakers.give('requests');
    this.#settings.stats.add('upstream_rq_active', -1);
  }

  /** A connection's id; null where the cluster has as many connections as it may. */
  connectionBegins(): number | null {
    const { breakers, stats } = this.#settings;
    if (!breakers.take('connections')) {
      stats.add('upstream_cx_overflow', 1);
      // Other hosts may hold all that is allowed; a host with none would starve.
      if (this.counts.activeConnections > 0) return null;
      breakers.force('connections');
    }
    this.counts.connections++;
    this.counts.activeConnections++;
    stats.add('upstream_cx_total', 1);
    stats.add(this.#protocolStat, 1);
    stats.add('upstream_cx_active', 1);
    return this.#settings.nextConnectionId();
  }

  connectFailed(timedOut: boolean): void {
    const { stats } = this.#settings;
    this.counts.connectFailures++;
    stats.add('upstream_cx_connect_fail', 1);
    if (timedOut) stats.add('upstream_cx_connect_timeout', 1);
    this.#connectionEnds();
  }

  /** A connection that was open is gone; `busy`: with a request. */
  connectionClosed(busy: boolean): void {
    const { stats } = this.#settings;
    stats.add('upstream_cx_destroy', 1);
    if (busy) stats.add('upstream_cx_destroy_with_active_rq', 1);
    this.#connectionEnds();
  }

  /** Whether a connection has served as much, or as long, as one may. */
  wornOut(connection: Used): boolean {
    const { config, stats } = this.#settings;
    const { requestsPerConnectionMax, connectionDurationMsMax } = config.http;
    if (requestsPerConnectionMax > 0 && connection.requests >= requestsPerConnectionMax) {
      stats.add('upstream_cx_max_requests', 1);
      return true;
    }
    if (connectionDurationMsMax > 0 && connection.ageMs >= connectionDurationMsMax) {
      stats.add('upstream_cx_max_duration_reached', 1);
      return true;
    }
    return false;
  }

  #connectionEnds(): void {
    this.counts.activeConnections--;
    this.#settings.breakers.give('connections');
    this.#settings.stats.add('upstream_cx_active', -1);
  }

  #unqueue(attempt: Attempt): boolean {
    if (!this.#pending.delete(attempt)) return false;
    this.#settings.breakers.give('pending');
    this.#settings.stats.add('upstream_rq_pending_active', -1);
    return true;
  }
}
