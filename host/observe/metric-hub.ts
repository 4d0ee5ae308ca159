import { BUCKETS, HISTOGRAM_COUNT, HISTOGRAM_SUM, type Histogram } from './histogram.ts';
import type { StatName } from './stat-name.ts';
import {
  COUNTER,
  GAUGE,
  HISTOGRAM,
  type MetricsMessage,
  seriesKey,
  slotOf,
} from './thread-metrics.ts';

/** A series, summed over all threads. */
export type SeriesValue =
  | { readonly kind: 'counter'; readonly name: StatName; readonly value: number }
  | {
      readonly kind: 'gauge';
      readonly name: StatName;
      readonly value: number;
      /** Whether it was ever set. */
      readonly used: boolean;
    }
  | { readonly kind: 'histogram'; readonly name: StatName; readonly histogram: Histogram };

/** The hub's end of a thread. */
export interface MetricSource {
  receive(message: MetricsMessage): void;
  /** The thread is gone: what it counted stays, its gauges go. */
  detach(): void;
}

interface Series {
  readonly slot: number;
  readonly type: number;
  readonly name: StatName;
}

interface ThreadState {
  readonly blocks: Float64Array[];
  readonly series: Series[];
}

interface Sum {
  readonly type: number;
  readonly name: StatName;
  value: number;
  used: boolean;
  readonly buckets: number[];
  sum: number;
  count: number;
}

/** Sums what the threads count; lives in the main thread. */
export class MetricHub {
  readonly #threads = new Set<ThreadState>();
  /** Counters and histograms of threads that have ended. */
  readonly #retired = new Map<string, Sum>();

  attach(): MetricSource {
    const thread: ThreadState = { blocks: [], series: [] };
    this.#threads.add(thread);
    return {
      receive(message) {
        if (message.kind === 'block') thread.blocks.push(new Float64Array(message.buffer));
        else thread.series.push(message);
      },
      detach: () => {
        if (!this.#threads.delete(thread)) return;
        const lasting = thread.series.filter((series) => series.type !== GAUGE);
        addThread(this.#retired, { blocks: thread.blocks, series: lasting });
      },
    };
  }

  /** Every series, sorted by its full name. */
  snapshot(): readonly SeriesValue[] {
    const sums = new Map<string, Sum>();
    for (const [key, sum] of this.#retired) sums.set(key, { ...sum, buckets: [...sum.buckets] });
    for (const thread of this.#threads) addThread(sums, thread);
    return [...sums.values()]
      .sort((a, b) => (a.name.full < b.name.full ? -1 : a.name.full > b.name.full ? 1 : 0))
      .map(seriesValue);
  }
}

function addThread(sums: Map<string, Sum>, thread: ThreadState): void {
  for (const { slot, type, name } of thread.series) {
    const key = seriesKey(type, name);
    let sum = sums.get(key);
    if (sum === undefined) {
      sum = { type, name, value: 0, used: false, buckets: [], sum: 0, count: 0 };
      sums.set(key, sum);
    }
    if (type === HISTOGRAM) addHistogram(sum, thread.blocks, slot);
    else addValue(sum, slotOf(thread.blocks, slot));
  }
}

function addValue(sum: Sum, value: number): void {
  if (Number.isNaN(value)) return;
  sum.value += value;
  sum.used = true;
}

function addHistogram(sum: Sum, blocks: readonly Float64Array[], slot: number): void {
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    sum.buckets[bucket] = (sum.buckets[bucket] ?? 0) + slotOf(blocks, slot, bucket);
  }
  sum.sum += slotOf(blocks, slot, HISTOGRAM_SUM);
  sum.count += slotOf(blocks, slot, HISTOGRAM_COUNT);
}

function seriesValue(sum: Sum): SeriesValue {
  const { name, value } = sum;
  if (sum.type === COUNTER) return { kind: 'counter', name, value };
  if (sum.type === GAUGE) return { kind: 'gauge', name, value, used: sum.used };
  return {
    kind: 'histogram',
    name,
    histogram: { buckets: sum.buckets, sum: sum.sum, count: sum.count },
  };
}
