import type { Attempt, AttemptQueue } from './attempt.ts';
import type { ConnectTarget } from './connect.ts';
import { H2Connection, type H2ConnectionOwner } from './h2-connection.ts';
import { IdleConnections } from './idle-connections.ts';
import { PoolAccount, type PoolCounts, type UpstreamPool } from './pool-account.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { Host } from './seam.ts';

/** Streams that a connection is expected to take before its server has said how many. */
const EXPECTED_STREAMS = 100;

/**
 * The HTTP/2 connections to one host. A request takes the first connection that has room for a
 * stream; another connection is opened when all are full, as far as the circuit breakers allow.
 */
export class H2HostPool implements UpstreamPool, H2ConnectionOwner, AttemptQueue {
  readonly #host: Host;
  readonly #target: ConnectTarget;
  readonly #settings: PoolSettings;
  readonly #account: PoolAccount;
  /** Connections without a stream. */
  readonly #idle: IdleConnections<H2Connection>;
  /** Connections that take streams, idle ones included; the oldest first. */
  readonly #open = new Set<H2Connection>();
  readonly #all = new Set<H2Connection>();
  #connecting = 0;
  #draining = false;

  constructor(host: Host, target: ConnectTarget, settings: PoolSettings) {
    this.#host = host;
    this.#target = target;
    this.#settings = settings;
    this.#account = new PoolAccount(host, settings, 'upstream_cx_http2_total');
    this.#idle = new IdleConnections(settings);
  }

  get counts(): PoolCounts {
    return this.#account.counts;
  }

  get idleConnections(): number {
    return this.#idle.size;
  }

  open(attempt: Attempt): void {
    const connection = this.#withRoom();
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

  connected(connection: H2Connection): void {
    this.#connecting--;
    this.#settings.stats.record('upstream_cx_connect_ms', connection.ageMs);
    this.#open.add(connection);
    this.roomChanged(connection);
  }

  connectFailed(connection: H2Connection, timedOut: boolean, detail: string): void {
    this.#connecting--;
    this.#all.delete(connection);
    this.#account.connectFailed(timedOut);
    this.#account.failPending(timedOut ? 'connect-timeout' : 'connect-failure', detail);
  }

  requestOver(): void {
    this.#account.requestEnds();
  }

  roomChanged(connection: H2Connection): void {
    if (!this.#open.has(connection)) return;
    while (this.#account.pending > 0 && this.#hasRoom(connection)) {
      const attempt = this.#account.nextPending();
      if (attempt !== null) this.#serve(connection, attempt);
    }
    // A server that now allows fewer streams than before needs company.
    this.#connectForPending();
    if (connection.streams > 0 || !this.#open.has(connection)) return;
    this.#idle.remove(connection);
    if (this.#draining) connection.close();
    else this.#idle.keep(connection);
  }

  goneAway(connection: H2Connection): void {
    this.#settings.stats.add('upstream_cx_close_notify', 1);
    this.#retire(connection);
    this.#connectForPending();
  }

  closed(connection: H2Connection, busy: boolean): void {
    this.#retire(connection);
    this.#all.delete(connection);
    this.#account.connectionClosed(busy);
    // The breaker may have held back a connection for those who wait.
    this.#connectForPending();
  }

  #withRoom(): H2Connection | null {
    for (const connection of this.#open) if (this.#hasRoom(connection)) return connection;
    return null;
  }

  /** Whether it takes another stream; one that has served its time is let go. */
  #hasRoom(connection: H2Connection): boolean {
    if (connection.room === 0) return false;
    if (!this.#account.wornOut(connection)) return true;
    this.#retire(connection);
    connection.finish();
    return false;
  }

  #serve(connection: H2Connection, attempt: Attempt): void {
    if (!this.#account.requestBegins()) {
      attempt.fail('overflow', 'too many requests', this.#host);
      return;
    }
    this.#idle.remove(connection);
    attempt.begin(connection, this.#host);
  }

  /** No further streams on this one. */
  #retire(connection: H2Connection): void {
    this.#open.delete(connection);
    this.#idle.remove(connection);
  }

  #connectForPending(): void {
    const { streamsMax } = this.#settings.config.http.http2;
    const each = Math.min(EXPECTED_STREAMS, streamsMax);
    while (this.#connecting * each < this.#account.pending) {
      const id = this.#account.connectionBegins();
      if (id === null) return;
      this.#connecting++;
      this.#all.add(new H2Connection(id, this.#target, this, this.#settings));
    }
  }
}
