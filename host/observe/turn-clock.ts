import type { Clock, Timer } from '@lateen/sdk/base/clock';

/**
 * A clock that stands still during a turn, the handling of one socket's event: a request asks for
 * the time a dozen times, and the system's answer costs 50 ns. Outside of turns it is the clock
 * that it stands for.
 */
export class TurnClock implements Clock {
  readonly #clock: Clock;
  #held = false;
  /** The turn's times, -1 until somebody asks. */
  #now = -1;
  #wall = -1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    if (!this.#held) return this.#clock.now();
    if (this.#now < 0) this.#now = this.#clock.now();
    return this.#now;
  }

  wallTime(): number {
    if (!this.#held) return this.#clock.wallTime();
    if (this.#wall < 0) this.#wall = this.#clock.wallTime();
    return this.#wall;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#clock.setTimer(delayMs, callback);
  }

  /** A turn begins. */
  hold(): void {
    this.#held = true;
    this.#now = -1;
    this.#wall = -1;
  }

  /** The turn is over. */
  release(): void {
    this.#held = false;
  }
}
