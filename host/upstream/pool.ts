import type { Attempt, AttemptQueue } from './attempt.ts';
import type { ConnectTarget } from './connect.ts';
import { IdleConnections } from './idle-connections.ts';
import { PoolAccount, type PoolCounts, type UpstreamPool } from './pool-account.ts';
import { type ConnectionOwner, PoolConnection } from './pool-connection.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { Host } from './seam.ts';

/**
 * The HTTP/1 connections to one host. A request takes an idle connection, the last one used
 * first, or waits while one is opened; each waiting request has a connection on its way as far as
 * the circuit breakers allow.
 */
export class HostPool implements UpstreamPool, ConnectionOwner, AttemptQueue {
  readonly #host: Host;
  readonly #target: ConnectTarget;
  readonly #settings: PoolSettings;
  readonly #account: PoolAccount;
  readonly #idle: IdleConnections<PoolConnection>;
  readonly #all = new Set<PoolConnection>();
  #connecting = 0;
  #draining = false;

  constructor(host: Host, target: ConnectTarget, settings: PoolSettings) {
    this.#host = host;
    this.#target = target;
    this.#settings = settings;
    this.#account = new PoolAccount(host, settings, 'upstream_cx_http1_total');
    this.#idle = new IdleConnections(settings);
  }

  get counts(): PoolCounts {
    return this.#account.counts;
  }

  get idleConnections(): number {
    return this.#idle.size;
  }

  open(attempt: Attempt): void {
    const connection = this.#takeIdle();
    if (connection !== null) this.#serve(connection, attempt);
    else if (this.#account.enqueue(attempt, this)) this.#connectForPending();
  }

  withdraw(attempt: Attempt): void {
    this.#account.withdraw(attempt);
  }

  drain(): void {
    this.#draining = true;
    this.#idle.closeAll();
  }

  close(): void {
    this.drain();
    for (const connection of [...this.#all]) connection.close();
  }

  revive(): void {
    this.#draining = false;
  }

  connected(connection: PoolConnection): void {
    this.#connecting--;
    this.#settings.stats.record('upstream_cx_connect_ms', connection.ageMs);
    this.#offer(connection);
  }

  connectFailed(connection: PoolConnection, timedOut: boolean, detail: string): void {
    this.#connecting--;
    this.#all.delete(connection);
    this.#account.connectFailed(timedOut);
    this.#account.failPending(timedOut ? 'connect-timeout' : 'connect-failure', detail);
  }

  idle(connection: PoolConnection): void {
    this.#account.requestEnds();
    this.#offer(connection);
  }

  closed(connection: PoolConnection, attempt: Attempt | null): void {
    this.#idle.remove(connection);
    this.#all.delete(connection);
    if (attempt !== null) this.#account.requestEnds();
    this.#account.connectionClosed(attempt !== null);
    // The breaker may have held back a connection for those who wait.
    this.#connectForPending();
  }

  /** A connection without work: for whoever waits, else to the idle ones, or closed. */
  #offer(connection: PoolConnection): void {
    if (this.#account.wornOut(connection)) {
      connection.close();
      return;
    }
    const attempt = this.#account.nextPending();
    if (attempt !== null) this.#serve(connection, attempt);
    else this.#keep(connection);
  }

  #keep(connection: PoolConnection): void {
    if (this.#draining) connection.close();
    else this.#idle.keep(connection);
  }

  #serve(connection: PoolConnection, attempt: Attempt): void {
    if (this.#account.requestBegins()) {
      attempt.begin(connection, this.#host);
      return;
    }
    this.#keep(connection);
    attempt.fail('overflow', 'too many requests', this.#host);
  }

  #takeIdle(): PoolConnection | null {
    for (;;) {
      const connection = this.#idle.take();
      if (connection === undefined) return null;
      if (connection.usable && !this.#account.wornOut(connection)) return connection;
      connection.close();
    }
  }

  /** One connection on its way for each attempt that waits, as far as the breaker allows. */
  #connectForPending(): void {
    while (this.#connecting < this.#account.pending) {
      const id = this.#account.connectionBegins();
      if (id === null) return;
      this.#connecting++;
      this.#all.add(new PoolConnection(id, this.#target, this, this.#settings));
    }
  }
}
