import type { Clock, Random } from '@lateen/sdk/base/clock';

/** So many deaths within the window are made good at once; beyond, rebuilds have to wait. */
const FAULTS_FREE = 10;
const WINDOW_MS = 10_000;
const WAIT_MS_MIN = 1_000;
const WAIT_MS_MAX = 60_000;

/** When a VM that died may be made again. */
export interface Backoff {
  due(): boolean;
  fault(): void;
  /** A fresh VM is tried now. */
  tried(): void;
}

/**
 * As Envoy's `reload_config`: a VM may be replaced when it is the interval old, and up to half of
 * it more, so that proxies do not all reload at once.
 */
export class IntervalBackoff implements Backoff {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #intervalMs: number;
  #dueAt = 0;

  constructor(clock: Clock, random: Random, intervalMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#intervalMs = intervalMs;
    this.tried();
  }

  due(): boolean {
    return this.#clock.now() >= this.#dueAt;
  }

  fault(): void {
    // What counts is when the last VM was made.
  }

  tried(): void {
    this.#dueAt = this.#clock.now() + this.#intervalMs * (1 + this.#random() / 2);
  }
}

/**
 * When a VM that died may be made again: at once, unless it dies all the time. Then the waits
 * double from one second to a minute, with up to a quarter of jitter, until a window stays quiet.
 */
export class FaultBackoff implements Backoff {
  readonly #clock: Clock;
  readonly #random: Random;
  #windowBegan = Number.NEGATIVE_INFINITY;
  #faults = 0;
  #waitMs = 0;
  #dueAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  due(): boolean {
    return this.#clock.now() >= this.#dueAt;
  }

  fault(): void {
    const now = this.#clock.now();
    if (now - Math.max(this.#windowBegan, this.#dueAt) > WINDOW_MS) {
      this.#windowBegan = now;
      this.#faults = 0;
      this.#waitMs = 0;
    }
    this.#faults++;
    if (this.#faults <= FAULTS_FREE) return;
    this.#waitMs = Math.min(WAIT_MS_MAX, Math.max(WAIT_MS_MIN, this.#waitMs * 2));
    this.#dueAt = now + this.#waitMs * (1 + this.#random() / 4);
  }

  tried(): void {
    // What counts is how often it dies.
  }
}
