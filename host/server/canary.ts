import { OK } from '@lateen/sdk/abi/status';
import { type Clock, systemClock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Log } from '@lateen/sdk/base/log';
import { PluginPool } from '../filter/plugin-pool.ts';
import { rootProperties } from '../stream/properties.ts';
import type { MetricSlots, WriteSinks } from '../wasm/effects.ts';
import { createRegexes } from '../wasm/regexes.ts';
import { createLocalStore } from '../wasm/shared/shared-store.ts';
import { Runtime } from './runtime.ts';

/**
 * The main thread's rehearsal of every change: modules start and read their configuration here
 * first, before any worker meets them. No stream runs here, no timer fires, nothing is written and
 * no callout leaves the machine. Shared data and queues are its own: a rehearsal finds them empty
 * but for what others rehearsed under its VM id, cannot change what live modules see, and hears of
 * no item.
 */
export function openCanary(node: JsonObject, log: Log): Runtime {
  const clock: Clock = { ...systemClock, setTimer: () => ({ cancel: () => {} }) };
  return new Runtime(
    new PluginPool({
      clock,
      random: Math.random,
      log: log.child('wasm'),
      callouts: { start: () => ({ cancel: () => {} }) },
      metrics: NO_METRICS,
      sharedData: createLocalStore({ now: clock.now, defer: () => {} }),
      sinks: NO_SINKS,
      regexes: createRegexes(),
      rootProperties: rootProperties(node),
    }),
    clock,
  );
}

const NO_METRICS: MetricSlots = {
  define: () => 1,
  increment: () => OK,
  record: () => OK,
  read: () => 0,
};

const NO_SINKS: WriteSinks = { open: () => 1, write: () => true };
