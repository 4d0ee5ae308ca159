import type { MetricSlots } from '../wasm/effects.ts';

/** MetricType of the ABI. */
const COUNTER = 0;
const GAUGE = 1;

/** Envoy's counters of one listener, as slots. */
export interface ListenerStats {
  /** Connections accepted. */
  readonly total: number;
  /** Connections open now. */
  readonly active: number;
  readonly destroyed: number;
  /** Closed at once: the worker's budget is used up. */
  readonly overflow: number;
  /** Closed: no filter chain matches (flag NR). */
  readonly noChain: number;
  /** Closed: nothing sent while a listener filter waited. */
  readonly preTimeout: number;
}

export function defineListenerStats(slots: MetricSlots, prefix: string): ListenerStats {
  const define = (type: number, name: string): number =>
    slots.define(type, `listener.${prefix}.${name}`);
  return {
    total: define(COUNTER, 'downstream_cx_total'),
    active: define(GAUGE, 'downstream_cx_active'),
    destroyed: define(COUNTER, 'downstream_cx_destroy'),
    overflow: define(COUNTER, 'downstream_cx_overflow'),
    noChain: define(COUNTER, 'no_filter_chain_match'),
    preTimeout: define(COUNTER, 'downstream_pre_cx_timeout'),
  };
}
