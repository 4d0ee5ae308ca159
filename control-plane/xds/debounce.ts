import type { Clock, Timer } from '@lateen/sdk/base/clock';

export interface DebounceOptions {
  readonly clock: Clock;
  /** Runs when nothing was asked for this long. */
  readonly quietMs: number;
  /** Runs at the latest this long after the first unserved call. */
  readonly maxMs: number;
  readonly run: () => void;
}

export interface Debounce {
  call(): void;
  close(): void;
}

/** Merges bursts of calls into one run: after a quiet time, but never later than `maxMs`. */
export function createDebounce(options: DebounceOptions): Debounce {
  const { clock, quietMs, maxMs } = options;
  let since: number | undefined;
  let timer: Timer | undefined;
  const fire = (): void => {
    since = undefined;
    timer = undefined;
    options.run();
  };
  return {
    call() {
      since ??= clock.now();
      timer?.cancel();
      const left = Math.max(0, since + maxMs - clock.now());
      timer = clock.setTimer(Math.min(quietMs, left), fire);
    },
    close() {
      timer?.cancel();
      timer = undefined;
    },
  };
}
