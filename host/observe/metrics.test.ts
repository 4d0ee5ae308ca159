import { BAD_ARGUMENT, NOT_FOUND, OK } from '@lateen/sdk/abi/status';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatJson, formatPrometheus, formatText, isUsed } from './exposition.ts';
import { BUCKET_BOUNDS, bucketOf, quantile } from './histogram.ts';
import { MetricHub } from './metric-hub.ts';
import { clusterTag, envoyStat, guestStat, httpTag, listenerTag, stat } from './stat-name.ts';
import { COUNTER, GAUGE, HISTOGRAM, ThreadMetrics } from './thread-metrics.ts';

function openThread(hub: MetricHub, seriesMax?: number) {
  const source = hub.attach();
  const metrics = new ThreadMetrics((message) => source.receive(message), seriesMax);
  return { metrics, source };
}

describe('stat names', () => {
  it('tell tags by part, so dots in a name confuse nobody', () => {
    const name = stat('cluster', clusterTag('outbound|80||a.b.svc'), 'upstream_rq_503');
    expect(name).toEqual({
      full: 'cluster.outbound|80||a.b.svc.upstream_rq_503',
      metric: 'envoy_cluster_upstream_rq',
      tags: [
        ['envoy_cluster_name', 'outbound|80||a.b.svc'],
        ['envoy_response_code', '503'],
      ],
    });
    const classed = stat(
      'listener',
      listenerTag('0.0.0.0:80'),
      'http',
      httpTag('in'),
      'downstream_rq_2xx',
    );
    expect(classed.full).toBe('listener.0.0.0.0_80.http.in.downstream_rq_2xx');
    expect(classed.metric).toBe('envoy_listener_http_downstream_rq_xx');
  });

  it("find the labels in Envoy's dotted names", () => {
    const shown = (full: string) => {
      const { metric, tags } = envoyStat(full);
      return [metric, ...tags.map(([name, value]) => `${name}=${value}`)];
    };
    expect(shown('cluster.outbound|80||a.b.svc.upstream_rq_5xx')).toEqual([
      'envoy_cluster_upstream_rq_xx',
      'envoy_cluster_name=outbound|80||a.b.svc',
      'envoy_response_code_class=5',
    ]);
    expect(shown('cluster.a.circuit_breakers.default.cx_open')).toEqual([
      'envoy_cluster_circuit_breakers_default_cx_open',
      'envoy_cluster_name=a',
    ]);
    expect(shown('listener.127.0.0.1_80.downstream_cx_total')).toEqual([
      'envoy_listener_downstream_cx_total',
      'envoy_listener_address=127.0.0.1_80',
    ]);
    expect(shown('http.outbound_0.0.0.0_80.rbac.allowed')).toEqual([
      'envoy_http_rbac_allowed',
      'envoy_http_conn_manager_prefix=outbound_0.0.0.0_80',
    ]);
    expect(shown('server.live')).toEqual(['envoy_server_live']);
  });

  it("read Istio's labels out of a module's metric name", () => {
    expect(guestStat('reporter=.=source;.;app.x=.=a=b;.;istio_requests_total')).toMatchObject({
      metric: 'istio_requests_total',
      tags: [
        ['reporter', 'source'],
        ['app_x', 'a=b'],
      ],
    });
  });

  it('are valid for Prometheus whatever a module calls its metric', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const name = guestStat(text);
        expect(name.metric).toMatch(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
        for (const [label] of name.tags) expect(label).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
      }),
    );
  });
});

describe('ThreadMetrics', () => {
  it('follows the rules of the ABI for each type of metric', () => {
    const { metrics } = openThread(new MetricHub());
    const [counter, gauge, histogram] = [COUNTER, GAUGE, HISTOGRAM].map((type, index) =>
      metrics.guests.define(type, `m${index}`),
    ) as [number, number, number];
    expect(metrics.increment(counter, 2)).toBe(OK);
    expect(metrics.increment(counter, 0)).toBe(BAD_ARGUMENT);
    expect(metrics.record(counter, 3)).toBe(OK);
    expect(metrics.read(counter)).toBe(5);
    expect(metrics.increment(gauge, -2)).toBe(OK);
    expect(metrics.read(gauge)).toBe(-2);
    expect(metrics.record(gauge, 9)).toBe(OK);
    expect(metrics.read(gauge)).toBe(9);
    expect(metrics.increment(histogram, 1)).toBe(BAD_ARGUMENT);
    expect(metrics.record(histogram, 7)).toBe(OK);
    expect(metrics.read(histogram)).toBe(null);
    expect(metrics.increment(histogram + 1, 1)).toBe(NOT_FOUND);
    expect(metrics.define(3, 'x')).toBe(0);
    expect(metrics.guests.define(COUNTER, 'm0')).toBe(counter);
  });

  it("keeps a module's metric apart from the host's of the same name", () => {
    const hub = new MetricHub();
    const { metrics } = openThread(hub);
    const own = metrics.define(COUNTER, 'cluster.a.upstream_rq_total');
    const guest = metrics.guests.define(COUNTER, 'cluster.a.upstream_rq_total');
    metrics.guests.increment(guest, 5);
    expect(metrics.read(own)).toBe(0);
    expect(hub.snapshot().map((series) => series.name.metric)).toContain(
      'cluster_a_upstream_rq_total',
    );
  });

  it('drops series beyond the limit and counts them', () => {
    const hub = new MetricHub();
    const { metrics } = openThread(hub, 3);
    const kept = metrics.define(COUNTER, 'kept');
    const last = metrics.define(HISTOGRAM, 'last');
    const refused = metrics.define(COUNTER, 'refused');
    metrics.define(GAUGE, 'refused too');
    expect(metrics.increment(refused, 1)).toBe(OK);
    expect(metrics.record(refused, 1)).toBe(OK);
    expect(metrics.increment(kept, 1)).toBe(OK);
    expect(metrics.record(last, 1)).toBe(OK);
    const text = formatText(hub.snapshot());
    expect(text).toContain('kept: 1\n');
    expect(text).toContain('server.dropped_stat_series: 2\n');
    expect(text).not.toContain('refused');
  });

  it('keeps thousands of series of all kinds apart', () => {
    const hub = new MetricHub();
    const { metrics } = openThread(hub);
    for (let n = 0; n < 3000; n++) {
      metrics.add(metrics.define(COUNTER, `c${n}`), n);
      metrics.observe(metrics.define(HISTOGRAM, `h${n}`), n);
    }
    for (const series of hub.snapshot()) {
      const n = Number(series.name.full.slice(1));
      if (series.kind === 'histogram') expect(series.histogram).toMatchObject({ sum: n, count: 1 });
      else if (Number.isInteger(n)) expect(series).toMatchObject({ value: n });
    }
  });
});

describe('MetricHub', () => {
  it('sums the threads, and keeps counters but not gauges of one that ended', () => {
    const hub = new MetricHub();
    const [one, two] = [openThread(hub), openThread(hub)];
    for (const { metrics } of [one, two]) {
      metrics.add(metrics.counter('server', 'c'), 2);
      metrics.move(metrics.gauge('server', 'g'), 3);
      metrics.observe(metrics.histogram('server', 'h'), 4);
    }
    const shown = () =>
      Object.fromEntries(
        hub
          .snapshot()
          .map((s) => [s.name.full, s.kind === 'histogram' ? s.histogram.count : s.value]),
      );
    expect(shown()).toMatchObject({ 'server.c': 4, 'server.g': 6, 'server.h': 2 });
    one.source.detach();
    one.source.detach();
    expect(shown()).toMatchObject({ 'server.c': 4, 'server.g': 3, 'server.h': 2 });
  });

  it('shows a gauge that was set to 0 as used, and one never set as not', () => {
    const hub = new MetricHub();
    const { metrics } = openThread(hub);
    metrics.set(metrics.gauge('server', 'state'), 0);
    metrics.gauge('server', 'other');
    const used = hub.snapshot().filter(isUsed);
    expect(formatText(used)).toBe('server.state: 0\n');
  });
});

describe('exposition', () => {
  it('writes what Prometheus reads, label values escaped', async () => {
    const hub = new MetricHub();
    const { metrics } = openThread(hub);
    metrics.add(metrics.counter('cluster', clusterTag('a"b'), 'upstream_rq_total'), 3);
    metrics.observe(metrics.guests.define(HISTOGRAM, 'reporter=.=source;.;istio_d'), 7);
    const text = await formatPrometheus(hub.snapshot().filter(isUsed));
    expect(text).toContain('# TYPE envoy_cluster_upstream_rq_total counter\n');
    expect(text).toContain('envoy_cluster_upstream_rq_total{envoy_cluster_name="a\\"b"} 3\n');
    expect(text).toContain('istio_d_bucket{reporter="source",le="5"} 0\n');
    expect(text).toContain('istio_d_bucket{reporter="source",le="10"} 1\n');
    expect(text).toContain('istio_d_bucket{reporter="source",le="+Inf"} 1\n');
    expect(text).toContain('istio_d_sum{reporter="source"} 7\n');
    expect(text).toContain('istio_d_count{reporter="source"} 1\n');
  });

  it("writes Envoy's text and JSON", () => {
    const hub = new MetricHub();
    const { metrics } = openThread(hub);
    metrics.observe(metrics.histogram('http', httpTag('in'), 'downstream_rq_time'), 20);
    metrics.add(metrics.counter('zone'), 1);
    const used = hub.snapshot().filter(isUsed);
    expect(formatText(used)).toMatch(/^zone: 1\nhttp\.in\.downstream_rq_time: P0\(nan,10\) P25/);
    expect(formatJson(used)).toMatchObject({
      stats: [
        { name: 'zone', value: 1 },
        { histograms: { computed_quantiles: [{ name: 'http.in.downstream_rq_time' }] } },
      ],
    });
  });

  it('puts each value under the first bound that is not below it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (value) => {
        const expected = BUCKET_BOUNDS.findIndex((bound) => value <= bound);
        expect(bucketOf(value)).toBe(expected < 0 ? BUCKET_BOUNDS.length : expected);
      }),
    );
  });

  it('estimates quantiles inside of the right bucket', () => {
    const buckets = Array.from({ length: BUCKET_BOUNDS.length + 1 }, () => 0);
    buckets[bucketOf(30)] = 100;
    const histogram = { buckets, sum: 3000, count: 100 };
    expect(quantile(histogram, 0.5)).toBeCloseTo(37.5);
    expect(quantile({ buckets: [], sum: 0, count: 0 }, 0.5)).toBeNaN();
  });
});
