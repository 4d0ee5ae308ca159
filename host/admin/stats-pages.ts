import { RE2JS } from 're2js';
import {
  formatJson,
  formatPrometheus,
  formatText,
  isUsed,
  PROMETHEUS_CONTENT_TYPE,
} from '../observe/exposition.ts';
import type { SeriesValue } from '../observe/metric-hub.ts';
import { stat } from '../observe/stat-name.ts';
import { type AdminSource, SERVER_STATES } from './admin-source.ts';
import { jsonPage, type Page, textPage, usagePage } from './page.ts';

const KINDS: Readonly<Record<string, SeriesValue['kind'] | undefined>> = {
  Counters: 'counter',
  Gauges: 'gauge',
  Histograms: 'histogram',
};

/** `/stats?usedonly&filter=REGEX&format=json|prometheus&type=Counters|Gauges|Histograms`. */
export async function statsPage(source: AdminSource, query: URLSearchParams): Promise<Page> {
  const selected = select(source, query);
  if (typeof selected === 'string') return usagePage(selected);
  switch (query.get('format') ?? '') {
    case '':
    case 'text':
      return textPage(formatText(selected));
    case 'json':
      return jsonPage(formatJson(selected));
    case 'prometheus':
      return prometheus(selected);
    default:
      return usagePage('usage: /stats?format=text|json|prometheus');
  }
}

/** `/stats/prometheus?usedonly&filter=REGEX`. */
export async function prometheusPage(source: AdminSource, query: URLSearchParams): Promise<Page> {
  const selected = select(source, query);
  return typeof selected === 'string' ? usagePage(selected) : prometheus(selected);
}

async function prometheus(series: readonly SeriesValue[]): Promise<Page> {
  const body = await formatPrometheus(series);
  return { status: 200, contentType: PROMETHEUS_CONTENT_TYPE, body };
}

function select(source: AdminSource, query: URLSearchParams): readonly SeriesValue[] | string {
  let series: readonly SeriesValue[] = [...source.series(), ...serverSeries(source)];
  const pattern = query.get('filter') ?? '';
  if (pattern !== '') {
    const matches = compileFilter(pattern);
    if (matches === undefined) return `Invalid re2 regex: ${pattern}`;
    series = series.filter(({ name }) => matches(name.full));
  }
  if (query.has('usedonly')) series = series.filter(isUsed);
  const type = query.get('type');
  if (type !== null && type !== 'All') {
    const kind = KINDS[type];
    if (kind === undefined) return 'usage: /stats?type=All|Counters|Gauges|Histograms';
    series = series.filter((each) => each.kind === kind);
  }
  return series;
}

/** A search by RE2's syntax, in linear time; undefined where the pattern is malformed. */
export function compileFilter(pattern: string): ((text: string) => boolean) | undefined {
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch {
    return undefined;
  }
}

/** What the process says of itself, read when somebody asks. */
function serverSeries(source: AdminSource): readonly SeriesValue[] {
  const { heapUsed, rss } = process.memoryUsage();
  const { started, configured } = source.workers();
  const state = source.state();
  const gauges: readonly (readonly [string, string, number])[] = [
    ['listener_manager', 'workers_started', started >= configured ? 1 : 0],
    ['server', 'concurrency', configured],
    ['server', 'live', state === 'LIVE' ? 1 : 0],
    ['server', 'memory_allocated', heapUsed],
    ['server', 'memory_physical_size', rss],
    ['server', 'state', SERVER_STATES.indexOf(state)],
    ['server', 'uptime', Math.floor((Date.now() - source.startedAt) / 1000)],
  ];
  return gauges.map(([group, name, value]) => {
    return { kind: 'gauge', name: stat(group, name), value, used: true };
  });
}
