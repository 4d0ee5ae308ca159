import type { MetricSlots } from '../wasm/effects.ts';
import type { ResourceType } from './resources.ts';
import type { SnapshotStore } from './snapshot-store.ts';

const COUNTER = 0;
const GAUGE = 1;

/** Where Envoy keeps the statistics of a type; the others have none here. */
const PREFIXES: { readonly [Type in ResourceType]?: string } = {
  clusters: 'cluster_manager.cds',
  listeners: 'listener_manager.lds',
};

/** Envoy's statistics of discovery; `pilot-agent` and others read them to tell readiness. */
export class DiscoveryStats {
  readonly #slots: MetricSlots;

  constructor(slots: MetricSlots) {
    this.#slots = slots;
    this.connected(false);
    for (const prefix of Object.values(PREFIXES)) {
      for (const name of ['update_attempt', 'update_success', 'update_rejected']) {
        slots.define(COUNTER, `${prefix}.${name}`);
      }
    }
  }

  connected(connected: boolean): void {
    this.#set('control_plane.connected_state', connected ? 1 : 0);
  }

  updated(type: ResourceType, outcome: 'update_success' | 'update_rejected'): void {
    const prefix = PREFIXES[type];
    if (prefix === undefined) return;
    this.#count(`${prefix}.update_attempt`);
    this.#count(`${prefix}.${outcome}`);
  }

  /** Reads how many there are of what. */
  refresh(store: SnapshotStore): void {
    this.#set('cluster_manager.active_clusters', store.active('clusters').size);
    this.#set('cluster_manager.warming_clusters', store.warming('clusters').size);
    this.#set('listener_manager.total_listeners_active', store.active('listeners').size);
    this.#set('listener_manager.total_listeners_warming', store.warming('listeners').size);
  }

  #count(name: string): void {
    this.#slots.increment(this.#slots.define(COUNTER, name), 1);
  }

  #set(name: string, value: number): void {
    this.#slots.record(this.#slots.define(GAUGE, name), value);
  }
}
