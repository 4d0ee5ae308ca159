import { type Metric, Registry } from 'prom-client';
import { BUCKET_BOUNDS, type Histogram, quantile } from './histogram.ts';
import type { SeriesValue } from './metric-hub.ts';

export const PROMETHEUS_CONTENT_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** Whether anything was ever counted here (`?usedonly`). */
export function isUsed(series: SeriesValue): boolean {
  if (series.kind === 'counter') return series.value !== 0;
  if (series.kind === 'gauge') return series.used;
  return series.histogram.count > 0;
}

interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: SeriesValue['kind'];
  readonly aggregator: 'sum';
  readonly values: Sample[];
}

/**
 * The text that Prometheus scrapes. prom-client writes it; the values come from the slots, because
 * its own counters are two hundred times as dear as an addition.
 */
export function formatPrometheus(all: readonly SeriesValue[]): Promise<string> {
  const families = new Map<string, Family>();
  for (const series of all) {
    const name = series.name.metric;
    let family = families.get(name);
    if (family === undefined) {
      family = { name, help: name, type: series.kind, aggregator: 'sum', values: [] };
      families.set(name, family);
    }
    // Two kinds under one name are two modules' mistake; the first one stands.
    if (family.type === series.kind) pushSamples(family.values, series);
  }
  const registry = new Registry();
  for (const family of families.values()) {
    const collector = { name: family.name, get: () => Promise.resolve(family) };
    registry.registerMetric(collector as unknown as Metric);
  }
  return registry.metrics();
}

function pushSamples(samples: Sample[], series: SeriesValue): void {
  const labels = Object.fromEntries(series.name.tags);
  if (series.kind !== 'histogram') {
    samples.push({ value: series.value, labels });
    return;
  }
  const { metric } = series.name;
  const { buckets, sum, count } = series.histogram;
  let cumulative = 0;
  for (const [index, bound] of BUCKET_BOUNDS.entries()) {
    cumulative += buckets[index]!;
    samples.push({
      value: cumulative,
      labels: { ...labels, le: bound },
      metricName: `${metric}_bucket`,
    });
  }
  samples.push({ value: count, labels: { ...labels, le: '+Inf' }, metricName: `${metric}_bucket` });
  samples.push({ value: sum, labels, metricName: `${metric}_sum` });
  samples.push({ value: count, labels, metricName: `${metric}_count` });
}

const QUANTILES = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1];

/** Envoy's `/stats` lines: `name: value`. */
export function formatText(all: readonly SeriesValue[]): string {
  const plain: string[] = [];
  const histograms: string[] = [];
  for (const series of all) {
    if (series.kind === 'histogram') {
      histograms.push(`${series.name.full}: ${quantileText(series.histogram)}\n`);
    } else {
      plain.push(`${series.name.full}: ${series.value}\n`);
    }
  }
  // Envoy shows histograms behind everything else.
  return [...plain, ...histograms].join('');
}

function quantileText(histogram: Histogram): string {
  if (histogram.count === 0) return 'No recorded values';
  return QUANTILES.map((q) => {
    const value = Number(quantile(histogram, q).toFixed(2));
    // The first of the pair is the last flush interval; we keep no intervals.
    return `P${Number((q * 100).toFixed(1))}(nan,${value})`;
  }).join(' ');
}

/** Envoy's `/stats?format=json`. */
export function formatJson(all: readonly SeriesValue[]): object {
  const stats: object[] = [];
  const computed: object[] = [];
  for (const series of all) {
    if (series.kind !== 'histogram') {
      stats.push({ name: series.name.full, value: series.value });
      continue;
    }
    const values = QUANTILES.map((q) => {
      const value = quantile(series.histogram, q);
      return { interval: null, cumulative: Number.isNaN(value) ? null : value };
    });
    computed.push({ name: series.name.full, values });
  }
  if (computed.length > 0) {
    const supported = QUANTILES.map((q) => q * 100);
    stats.push({ histograms: { supported_quantiles: supported, computed_quantiles: computed } });
  }
  return { stats };
}
