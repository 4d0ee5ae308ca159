import type { Clock, Timer } from '@lateen/sdk/base/clock';

/** Resources that go by themselves when the server does not renew them (xDS TTL). */
export class TimeToLive {
  readonly #clock: Clock;
  readonly #expire: (typeUrl: string, name: string) => void;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock, expire: (typeUrl: string, name: string) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  /** Starts the time anew; 0 = without end. */
  renew(typeUrl: string, name: string, ttlMs: number): void {
    const key = `${typeUrl} ${name}`;
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    if (ttlMs <= 0) return;
    const timer = this.#clock.setTimer(ttlMs, () => {
      this.#timers.delete(key);
      this.#expire(typeUrl, name);
    });
    this.#timers.set(key, timer);
  }

  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
