import type { Timer } from '@lateen/sdk/base/clock';
import type { Attempt, AttemptQueue } from './attempt.ts';
import { type ConnectionOwner, type ConnectTarget, PoolConnection } from './pool-connection.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { Host } from './seam.ts';

/** Figures of one host, for `/clusters` and for balancing. */
export interface PoolCounts {
  activeRequests: number;
  requests: number;
  activeConnections: number;
  connections: number;
  connectFailures: number;
}

/**
 * The HTTP/1 connections to one host. A request takes an idle connection, the last one used
 * first, or waits while one is opened; each waiting request has a connection on its way as far as
 * the circuit breakers allow.
 */
export class HostPool implements ConnectionOwner, AttemptQueue {
  readonly counts: PoolCounts = {
    activeRequests: 0,
    requests: 0,
    activeConnections: 0,
    connections: 0,
    connectFailures: 0,
  };
  readonly #host: Host;
  readonly #target: ConnectTarget;
  readonly #settings: PoolSettings;
  /** The last is the one used most recently; the first has idled longest. */
  readonly #idle: PoolConnection[] = [];
  readonly #pending = new Set<Attempt>();
  readonly #all = new Set<PoolConnection>();
  #connecting = 0;
  #idleTimer: Timer | null = null;
  #draining = false;

  constructor(host: Host, target: ConnectTarget, settings: PoolSettings) {
    this.#host = host;
    this.#target = target;
    this.#settings = settings;
  }

  get idleConnections(): number {
    return this.#idle.length;
  }

  /** Gives the attempt a connection now or later, or tells it why there will be none. */
  open(attempt: Attempt): void {
    const connection = this.#takeIdle();
    if (connection !== null) {
      this.#serve(connection, attempt);
      return;
    }
    const { breakers, stats } = this.#settings;
    if (!breakers.take('pending')) {
      stats.add('upstream_rq_pending_overflow', 1);
      attempt.fail('overflow', 'too many pending requests', this.#host);
      return;
    }
    stats.add('upstream_rq_pending_total', 1);
    stats.add('upstream_rq_pending_active', 1);
    this.#pending.add(attempt);
    attempt.queued(this);
    this.#connectForPending();
  }

  withdraw(attempt: Attempt): void {
    if (!this.#unqueue(attempt)) return;
    this.#settings.stats.add('upstream_rq_cancelled', 1);
  }

  /** The host is gone: idle connections close now, busy ones with their message. */
  drain(): void {
    this.#draining = true;
    this.#idleTimer?.cancel();
    this.#idleTimer = null;
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** Ends everything at once: those who wait hear a failure, busy connections are cut. */
  close(): void {
    this.drain();
    for (const connection of [...this.#all]) connection.close();
  }

  /** The host is back before its last connection had closed. */
  revive(): void {
    this.#draining = false;
  }

  connected(connection: PoolConnection): void {
    this.#connecting--;
    this.#settings.stats.record('upstream_cx_connect_ms', connection.ageMs);
    this.#offer(connection);
  }

  connectFailed(connection: PoolConnection, timedOut: boolean, detail: string): void {
    const { stats } = this.#settings;
    this.#connecting--;
    this.counts.connectFailures++;
    stats.add('upstream_cx_connect_fail', 1);
    if (timedOut) stats.add('upstream_cx_connect_timeout', 1);
    this.#countClosed(connection);
    // Whoever waits would wait for a host that does not answer; the retry may find a better one.
    const waiting = [...this.#pending];
    for (const attempt of waiting) this.#unqueue(attempt);
    const failure = timedOut ? 'connect-timeout' : 'connect-failure';
    for (const attempt of waiting) {
      stats.add('upstream_rq_pending_failure_eject', 1);
      attempt.fail(failure, detail, this.#host);
    }
  }

  idle(connection: PoolConnection): void {
    this.#countRequestEnd();
    this.#offer(connection);
  }

  closed(connection: PoolConnection, attempt: Attempt | null): void {
    const { stats } = this.#settings;
    const index = this.#idle.lastIndexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    stats.add('upstream_cx_destroy', 1);
    if (attempt !== null) {
      stats.add('upstream_cx_destroy_with_active_rq', 1);
      this.#countRequestEnd();
    }
    this.#countClosed(connection);
    // The breaker may have held back a connection for those who wait.
    this.#connectForPending();
  }

  /** A connection without work: for whoever waits, else to the idle ones, or closed. */
  #offer(connection: PoolConnection): void {
    if (this.#wornOut(connection)) {
      connection.close();
      return;
    }
    for (const attempt of this.#pending) {
      this.#unqueue(attempt);
      this.#serve(connection, attempt);
      return;
    }
    if (this.#draining) {
      connection.close();
      return;
    }
    this.#keep(connection);
  }

  #keep(connection: PoolConnection): void {
    connection.idleSince = this.#settings.clock.now();
    this.#idle.push(connection);
    if (this.#idleTimer === null) this.#armIdleTimer();
  }

  #serve(connection: PoolConnection, attempt: Attempt): void {
    const { breakers, stats } = this.#settings;
    if (!breakers.take('requests')) {
      stats.add('upstream_rq_pending_overflow', 1);
      if (this.#draining) connection.close();
      else this.#keep(connection);
      attempt.fail('overflow', 'too many requests', this.#host);
      return;
    }
    stats.add('upstream_rq_total', 1);
    stats.add('upstream_rq_active', 1);
    this.counts.requests++;
    this.counts.activeRequests++;
    attempt.begin(connection, this.#host);
  }

  #takeIdle(): PoolConnection | null {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      if (connection.usable && !this.#wornOut(connection)) return connection;
      connection.close();
    }
  }

  #wornOut(connection: PoolConnection): boolean {
    const { http } = this.#settings.config;
    const { stats } = this.#settings;
    if (http.requestsPerConnectionMax > 0 && connection.requests >= http.requestsPerConnectionMax) {
      stats.add('upstream_cx_max_requests', 1);
      return true;
    }
    if (http.connectionDurationMsMax > 0 && connection.ageMs >= http.connectionDurationMsMax) {
      stats.add('upstream_cx_max_duration_reached', 1);
      return true;
    }
    return false;
  }

  /** One connection on its way for each attempt that waits, as far as the breaker allows. */
  #connectForPending(): void {
    const { breakers, stats } = this.#settings;
    while (this.#connecting < this.#pending.size) {
      if (!breakers.take('connections')) {
        stats.add('upstream_cx_overflow', 1);
        // Other hosts may hold all that is allowed; a host with none would starve.
        if (this.counts.activeConnections > 0) return;
        breakers.force('connections');
      }
      this.#connect();
    }
  }

  #connect(): void {
    const { stats } = this.#settings;
    this.#connecting++;
    this.counts.connections++;
    this.counts.activeConnections++;
    stats.add('upstream_cx_total', 1);
    stats.add('upstream_cx_http1_total', 1);
    stats.add('upstream_cx_active', 1);
    const id = this.#settings.nextConnectionId();
    this.#all.add(new PoolConnection(id, this.#target, this, this.#settings));
  }

  #unqueue(attempt: Attempt): boolean {
    if (!this.#pending.delete(attempt)) return false;
    this.#settings.breakers.give('pending');
    this.#settings.stats.add('upstream_rq_pending_active', -1);
    return true;
  }

  #countRequestEnd(): void {
    this.counts.activeRequests--;
    this.#settings.breakers.give('requests');
    this.#settings.stats.add('upstream_rq_active', -1);
  }

  #countClosed(connection: PoolConnection): void {
    this.#all.delete(connection);
    this.counts.activeConnections--;
    this.#settings.breakers.give('connections');
    this.#settings.stats.add('upstream_cx_active', -1);
  }

  /** One timer for the pool, set for the connection that has idled longest. */
  #armIdleTimer(): void {
    const { clock, config } = this.#settings;
    const limit = config.http.idleTimeoutMs;
    const oldest = this.#idle[0];
    if (limit <= 0 || oldest === undefined) return;
    const delay = Math.max(1, oldest.idleSince + limit - clock.now());
    this.#idleTimer = clock.setTimer(delay, () => this.#closeIdledOut());
  }

  #closeIdledOut(): void {
    this.#idleTimer = null;
    const { clock, config, stats } = this.#settings;
    const before = clock.now() - config.http.idleTimeoutMs;
    while (this.#idle.length > 0 && this.#idle[0].idleSince <= before) {
      const connection = this.#idle.shift();
      stats.add('upstream_cx_idle_timeout', 1);
      connection?.close();
    }
    this.#armIdleTimer();
  }
}
