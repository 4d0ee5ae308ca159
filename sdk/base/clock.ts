/** A timer that was started and can be stopped. Stopping twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as an argument: production passes the system's clock, tests a stepped one.
 * All durations are in milliseconds.
 */
export interface Clock {
  /** Monotonic milliseconds with fractions; only differences mean anything. */
  now(): number;
  /** Wall clock, milliseconds since 1970-01-01T00:00:00Z, with fractions. */
  wallTime(): number;
  /** Runs `callback` once after `delayMs`; does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

/** A number in [0, 1). Chance is an argument too. */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => performance.timeOrigin + performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
