import type { MetricSlots } from '../wasm/effects.ts';

/** MetricType of the ABI. */
const COUNTER = 0;
const GAUGE = 1;
const HISTOGRAM = 2;

/** Envoy's names, in the order of `STAT`. */
const STATS = [
  ['upstream_cx_total', COUNTER],
  ['upstream_cx_http1_total', COUNTER],
  ['upstream_cx_http2_total', COUNTER],
  ['upstream_cx_close_notify', COUNTER],
  ['upstream_cx_active', GAUGE],
  ['upstream_cx_connect_ms', HISTOGRAM],
  ['upstream_cx_connect_fail', COUNTER],
  ['upstream_cx_connect_timeout', COUNTER],
  ['upstream_cx_idle_timeout', COUNTER],
  ['upstream_cx_max_duration_reached', COUNTER],
  ['upstream_cx_max_requests', COUNTER],
  ['upstream_cx_overflow', COUNTER],
  ['upstream_cx_none_healthy', COUNTER],
  ['upstream_cx_destroy', COUNTER],
  ['upstream_cx_destroy_with_active_rq', COUNTER],
  ['upstream_rq_total', COUNTER],
  ['upstream_rq_active', GAUGE],
  ['upstream_rq_pending_total', COUNTER],
  ['upstream_rq_pending_active', GAUGE],
  ['upstream_rq_pending_overflow', COUNTER],
  ['upstream_rq_pending_failure_eject', COUNTER],
  ['upstream_rq_cancelled', COUNTER],
  ['upstream_rq_retry_overflow', COUNTER],
  ['membership_change', COUNTER],
  ['membership_total', GAUGE],
  ['membership_healthy', GAUGE],
  ['membership_degraded', GAUGE],
  ['lb_healthy_panic', COUNTER],
  ['update_attempt', COUNTER],
  ['update_success', COUNTER],
  ['update_failure', COUNTER],
  ['update_empty', COUNTER],
] as const;

export type ClusterStat = (typeof STATS)[number][0];

const PLACES: ReadonlyMap<ClusterStat, number> = new Map(
  STATS.map(([name], index) => [name, index]),
);

/**
 * A cluster's statistics as slots, each defined when it first counts: most clusters of a mesh see
 * no traffic from one proxy, and should cost it no series.
 */
export class ClusterStats {
  readonly #slots: MetricSlots;
  readonly #prefix: string;
  readonly #ids = new Int32Array(STATS.length);

  constructor(slots: MetricSlots, clusterName: string) {
    this.#slots = slots;
    this.#prefix = `cluster.${clusterName}.`;
  }

  /** Adds to a counter or a gauge. */
  add(stat: ClusterStat, delta: number): void {
    this.#slots.increment(this.#id(stat), delta);
  }

  /** Sets a gauge, or puts a value into a histogram. */
  record(stat: ClusterStat, value: number): void {
    this.#slots.record(this.#id(stat), value);
  }

  #id(stat: ClusterStat): number {
    const place = PLACES.get(stat) ?? 0;
    if (this.#ids[place] === 0) {
      this.#ids[place] = this.#slots.define(STATS[place][1], this.#prefix + stat);
    }
    return this.#ids[place];
  }
}
