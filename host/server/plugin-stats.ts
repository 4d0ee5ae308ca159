import type { Clock, Timer } from '@lateen/sdk/base/clock';
import type { Plugin } from '../filter/plugin.ts';
import type { PluginPool } from '../filter/plugin-pool.ts';
import { stat, type Tag } from '../observe/stat-name.ts';
import { COUNTER, GAUGE, type MetricType, type ThreadMetrics } from '../observe/thread-metrics.ts';
import { faultOf } from '../wasm/problems.ts';

/** How often what plugins counted for themselves is moved to where scrapes see it. */
const FLUSH_MS = 1_000;

/** What a plugin had counted when it was last looked at, by the metric's name. */
type Counts = Map<string, number>;

/**
 * `wasm.plugin.<name>.*` of one thread. Plugins count in plain fields, so that a request pays for
 * an addition; figures of callbacks are those of one in 64, taken for all.
 */
export class PluginStats {
  readonly #pool: PluginPool;
  readonly #metrics: ThreadMetrics;
  readonly #clock: Clock;
  readonly #seen = new Map<Plugin, Counts>();
  #gauges = new Set<string>();
  #timer: Timer;

  constructor(pool: PluginPool, metrics: ThreadMetrics, clock: Clock) {
    this.#pool = pool;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#timer = this.#arm();
  }

  close(): void {
    this.#timer.cancel();
    this.flush();
  }

  flush(): void {
    const live = new Set(this.#pool.plugins);
    const memory = new Map<string, number>();
    for (const plugin of new Set([...this.#seen.keys(), ...live])) {
      this.#count(plugin);
      if (!live.has(plugin)) this.#seen.delete(plugin);
      else memory.set(plugin.name, (memory.get(plugin.name) ?? 0) + plugin.memoryBytes);
    }
    for (const name of this.#gauges) if (!memory.has(name)) memory.set(name, 0);
    this.#gauges = new Set(memory.keys());
    for (const [name, bytes] of memory) {
      this.#metrics.set(this.#series(GAUGE, name, 'memory_bytes'), bytes);
    }
  }

  #arm(): Timer {
    return this.#clock.setTimer(FLUSH_MS, () => {
      this.flush();
      this.#timer = this.#arm();
    });
  }

  #count(plugin: Plugin): void {
    const before = this.#seen.get(plugin) ?? new Map<string, number>();
    this.#seen.set(plugin, before);
    for (const [name, value] of countsOf(plugin)) {
      const delta = value - (before.get(name) ?? 0);
      if (delta <= 0 && before.has(name)) continue;
      before.set(name, value);
      this.#metrics.add(this.#series(COUNTER, plugin.name, name), delta);
    }
  }

  #series(type: MetricType, plugin: string, name: string): number {
    return this.#metrics.series(type, stat('wasm', 'plugin', pluginTag(plugin), name));
  }
}

function pluginTag(name: string): Tag {
  return { tag: 'wasm_plugin', value: name };
}

function countsOf(plugin: Plugin): readonly (readonly [string, number])[] {
  const { usage } = plugin;
  const faults = [...usage.faults].map(([code, count]) => {
    return [`faults_${snake(faultOf(code))}`, count] as const;
  });
  return [
    ['streams', usage.streams],
    ['streams_refused', plugin.refusals],
    ['vm_reload_success', plugin.rebuilds],
    ['callbacks', usage.callbacks],
    ['callback_time_us', Math.round(usage.callbackMs * 1000)],
    ['fuel', usage.fuel],
    ['callouts', usage.callouts],
    ...faults,
  ];
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
