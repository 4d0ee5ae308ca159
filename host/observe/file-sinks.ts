import type { Clock, Timer } from '@lateen/sdk/base/clock';
import type { Log } from '@lateen/sdk/base/log';
import type { WriteSinks } from '../wasm/effects.ts';
import { FileSink, type SinkCounters } from './file-sink.ts';
import type { ThreadMetrics } from './thread-metrics.ts';

const FLUSH_INTERVAL_MS = 1000;
/** A module that makes up paths must not use up the process' descriptors. */
const SINKS_MAX = 256;

export interface FileSinksOptions {
  readonly clock: Clock;
  readonly metrics: ThreadMetrics;
  readonly log: Log;
  /** Default 1000. */
  readonly flushIntervalMs?: number;
}

/** The sinks of one thread, one for each path; Envoy's `filesystem.*` statistics tell of them. */
export class FileSinks implements WriteSinks {
  readonly #options: FileSinksOptions;
  readonly #sinks: FileSink[] = [];
  readonly #ids = new Map<string, number>();
  readonly #counters: SinkCounters;
  readonly #flushedByTimer: number;
  #timer: Timer;

  constructor(options: FileSinksOptions) {
    const { metrics } = options;
    this.#options = options;
    const written = metrics.counter('filesystem', 'write_completed');
    const failed = metrics.counter('filesystem', 'write_failed');
    const dropped = metrics.counter('filesystem', 'write_dropped');
    this.#counters = {
      written: () => metrics.add(written, 1),
      failed: () => metrics.add(failed, 1),
      dropped: () => metrics.add(dropped, 1),
    };
    this.#flushedByTimer = metrics.counter('filesystem', 'flushed_by_timer');
    this.#timer = this.#startTimer();
  }

  /** The id of the path's sink; 0 where it cannot be opened (logged). */
  open(path: string): number {
    const known = this.#ids.get(path);
    if (known !== undefined) return known;
    if (this.#sinks.length >= SINKS_MAX) {
      this.#options.log.write('error', 'too many log files are open', { path, max: SINKS_MAX });
      return 0;
    }
    try {
      this.#sinks.push(new FileSink(path, this.#counters));
    } catch (cause) {
      this.#options.log.write('error', 'cannot open log file', { path, cause: String(cause) });
      return 0;
    }
    const id = this.#sinks.length;
    this.#ids.set(path, id);
    return id;
  }

  write(id: number, source: Uint8Array, start: number, end: number): boolean {
    return this.#sinks[id - 1]?.append(source, start, end) ?? false;
  }

  /** Opens every file again (`/reopen_logs`, SIGUSR1). */
  reopen(): void {
    for (const sink of this.#sinks) sink.reopen();
  }

  flush(): void {
    for (const sink of this.#sinks) sink.flush();
  }

  /** Writes what is buffered and closes everything. */
  close(): void {
    this.#timer.cancel();
    for (const sink of this.#sinks) sink.close();
  }

  #startTimer(): Timer {
    const { clock, flushIntervalMs = FLUSH_INTERVAL_MS, metrics } = this.#options;
    return clock.setTimer(flushIntervalMs, () => {
      this.flush();
      metrics.add(this.#flushedByTimer, 1);
      this.#timer = this.#startTimer();
    });
  }
}
