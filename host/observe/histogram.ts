/** Envoy's default bucket bounds: milliseconds, or whatever is recorded. */
export const BUCKET_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];

/** One count per bound, one for what lies above them all, then the sum and the count. */
export const BUCKETS = BUCKET_BOUNDS.length + 1;
export const HISTOGRAM_SUM = BUCKETS + 0;
export const HISTOGRAM_COUNT = BUCKETS + 1;
export const HISTOGRAM_SLOTS = BUCKETS + 2;

/** The bucket a value falls into: the first whose bound is not below it. */
export function bucketOf(value: number): number {
  let low = 0;
  let high = BUCKET_BOUNDS.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= BUCKET_BOUNDS[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A histogram's state, summed over the threads. */
export interface Histogram {
  /** Not cumulative; the last one is open. */
  readonly buckets: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** The value below which the fraction `q` lies, interpolated in its bucket; NaN where it is empty. */
export function quantile(histogram: Histogram, q: number): number {
  if (histogram.count === 0) return Number.NaN;
  const rank = q * histogram.count;
  let seen = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const inside = histogram.buckets[bucket]!;
    if (inside > 0 && seen + inside >= rank) {
      const low = bucket === 0 ? 0 : BUCKET_BOUNDS[bucket - 1]!;
      const high = BUCKET_BOUNDS[bucket] ?? low;
      return low + ((high - low) * (rank - seen)) / inside;
    }
    seen += inside;
  }
  return BUCKET_BOUNDS.at(-1)!;
}
