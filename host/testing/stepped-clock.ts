import type { Clock, Timer } from '@lateen/sdk/base/clock';

interface Pending extends Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until the test moves it. Wall time starts at 2026-01-01T00:00:00Z. */
export class SteppedClock implements Clock {
  #nowMs = 0;
  #pending: Pending[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallTime(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: Pending = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      callback,
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== timer);
      },
    };
    const after = this.#pending.findIndex((other) => other.dueMs > timer.dueMs);
    this.#pending.splice(after === -1 ? this.#pending.length : after, 0, timer);
    return timer;
  }

  /** Timers that are set: 0 at the end, or something leaks. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Moves time on and fires what comes due on the way, each at its own time. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const next = this.#pending[0];
      if (next === undefined || next.dueMs > end) break;
      this.#pending.shift();
      this.#nowMs = next.dueMs;
      next.callback();
    }
    this.#nowMs = end;
  }
}
