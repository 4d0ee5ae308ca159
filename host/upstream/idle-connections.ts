import type { Timer } from '@lateen/sdk/base/clock';
import type { PoolSettings } from './pool-settings.ts';

/** A connection that may wait for work. */
interface IdleConnection {
  /** `Clock.now()` when it last became idle. */
  idleSince: number;
  close(): void;
}

/** The idle connections of a pool, with one timer, set for the one that has idled longest. */
export class IdleConnections<C extends IdleConnection> {
  readonly #settings: PoolSettings;
  /** The last is the one used most recently; the first has idled longest. */
  readonly #idle: C[] = [];
  #timer: Timer | null = null;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#idle.length;
  }

  keep(connection: C): void {
    connection.idleSince = this.#settings.clock.now();
    this.#idle.push(connection);
    if (this.#timer === null) this.#arm();
  }

  /** The one used most recently. */
  take(): C | undefined {
    return this.#idle.pop();
  }

  remove(connection: C): void {
    const index = this.#idle.lastIndexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  closeAll(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  #arm(): void {
    const { clock, config } = this.#settings;
    const limit = config.http.idleTimeoutMs;
    const oldest = this.#idle[0];
    if (limit <= 0 || oldest === undefined) return;
    const delay = Math.max(1, oldest.idleSince + limit - clock.now());
    this.#timer = clock.setTimer(delay, () => this.#closeIdledOut());
  }

  #closeIdledOut(): void {
    this.#timer = null;
    const { clock, config, stats } = this.#settings;
    const before = clock.now() - config.http.idleTimeoutMs;
    while (this.#idle.length > 0 && this.#idle[0].idleSince <= before) {
      const connection = this.#idle.shift();
      stats.add('upstream_cx_idle_timeout', 1);
      connection?.close();
    }
    this.#arm();
  }
}
