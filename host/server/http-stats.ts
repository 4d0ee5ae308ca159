import type { ThreadMetrics } from '../observe/thread-metrics.ts';
import type { StreamStats } from '../stream/service.ts';

interface Slots {
  readonly total: number;
  readonly active: number;
  readonly byClass: readonly number[];
  readonly time: number;
  readonly protocolErrors: number;
}

/**
 * Envoy's `http.<stat_prefix>.downstream_rq_*`.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/stats
 */
export class HttpStats implements StreamStats {
  readonly #metrics: ThreadMetrics;
  readonly #slots = new Map<string, Slots>();
  /** Of the request before: nearly always those of the next one. */
  #lastPrefix = '';
  #last: Slots | null = null;

  constructor(metrics: ThreadMetrics) {
    this.#metrics = metrics;
  }

  started(statPrefix: string): void {
    const slots = this.#of(statPrefix);
    this.#metrics.increment(slots.total, 1);
    this.#metrics.increment(slots.active, 1);
  }

  finished(statPrefix: string, status: number, durationMs: number): void {
    const slots = this.#of(statPrefix);
    this.#metrics.increment(slots.active, -1);
    this.#countStatus(slots, status);
    this.#metrics.record(slots.time, durationMs);
  }

  /** A request that the codec refused before there was a stream. */
  rejected(statPrefix: string, status: number): void {
    const slots = this.#of(statPrefix);
    this.#metrics.increment(slots.total, 1);
    this.#metrics.increment(slots.protocolErrors, 1);
    this.#countStatus(slots, status);
  }

  #countStatus(slots: Slots, status: number): void {
    const slot = slots.byClass[Math.floor(status / 100) - 1];
    if (slot !== undefined) this.#metrics.increment(slot, 1);
  }

  #of(prefix: string): Slots {
    if (this.#last !== null && this.#lastPrefix === prefix) return this.#last;
    this.#last = this.#slots.get(prefix) ?? this.#define(prefix);
    this.#lastPrefix = prefix;
    return this.#last;
  }

  #define(prefix: string): Slots {
    const metrics = this.#metrics;
    const slots: Slots = {
      total: metrics.define(COUNTER, `http.${prefix}.downstream_rq_total`),
      active: metrics.define(GAUGE, `http.${prefix}.downstream_rq_active`),
      byClass: [1, 2, 3, 4, 5].map((n) =>
        metrics.define(COUNTER, `http.${prefix}.downstream_rq_${n}xx`),
      ),
      time: metrics.define(HISTOGRAM, `http.${prefix}.downstream_rq_time`),
      protocolErrors: metrics.define(COUNTER, `http.${prefix}.downstream_cx_protocol_error`),
    };
    this.#slots.set(prefix, slots);
    return slots;
  }
}

const COUNTER = 0;
const GAUGE = 1;
const HISTOGRAM = 2;
