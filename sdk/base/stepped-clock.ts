import type { Clock, Timer } from './clock.ts';

interface PendingTimer extends Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Where a stepped clock's wall time starts: 2026-01-01T00:00:00Z. */
export const STEPPED_EPOCH_MS = Date.UTC(2026, 0, 1);

/** A clock that stands still until a test moves it. */
export class SteppedClock implements Clock {
  readonly #epochMs: number;
  #nowMs = 0;
  #pending: PendingTimer[] = [];

  constructor(epochMs: number = STEPPED_EPOCH_MS) {
    this.#epochMs = epochMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallTime(): number {
    return this.#epochMs + this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: PendingTimer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      callback,
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== timer);
      },
    };
    // Sorted by due time; those due at once keep the order in which they were set.
    const after = this.#pending.findIndex((other) => other.dueMs > timer.dueMs);
    this.#pending.splice(after === -1 ? this.#pending.length : after, 0, timer);
    return timer;
  }

  /** How many timers are set and have neither fired nor been cancelled: 0 at the end, or a leak. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Milliseconds until the next timer is due, or undefined when none is set. */
  get nextDueMs(): number | undefined {
    const next = this.#pending[0];
    return next === undefined ? undefined : next.dueMs - this.#nowMs;
  }

  /**
   * Moves time on by `ms` and fires every timer due on the way, in order of due time, each at its
   * own time. Timers set by a callback fire too if they come due before the end.
   */
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

  /** As `advance`, and lets promises and I/O callbacks already due run afterwards. */
  async advanceAndSettle(ms: number): Promise<void> {
    this.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
