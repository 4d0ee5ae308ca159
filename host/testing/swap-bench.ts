import { silentLog } from '@lateen/sdk/base/log';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { PluginPool } from '../filter/plugin-pool.ts';
import { ModuleLibrary } from '../server/modules.ts';
import { createRegexes } from '../wasm/regexes.ts';
import { MemoryMetrics, MemorySinks } from './memory-services.ts';
import { MemoryShared } from './memory-shared.ts';

/** What one swap took, in ms: in the main thread, on the canary, and in a worker. */
export interface SwapTimes {
  readonly compileMs: number;
  readonly canaryMs: number;
  readonly workerMs: number;
}

/**
 * Swaps a module that nobody vouches for so many times, each time for one that was never there
 * before: checked, rewritten and compiled, started on a canary, sent to a worker and started there.
 */
export async function measureSwaps(
  bytes: Uint8Array,
  count: number,
): Promise<readonly SwapTimes[]> {
  const library = new ModuleLibrary(() => {
    throw new Error('nothing is fetched here');
  });
  const [canary, worker] = [openPool(), openPool()];
  const times: SwapTimes[] = [];
  for (let index = 0; index < count; index++) {
    const code = { local: { inlineBytes: variant(bytes, index).toString('base64') } };
    const began = performance.now();
    const spec = await library.resolveWasm('swap', { config: { vmConfig: { code } } });
    if (!spec.ok) throw new Error(spec.error.message);
    const module = library.get(spec.value.module);
    if (module === undefined) throw new Error('the module is gone');
    const compiled = performance.now();
    const rehearsed = openIn(canary, module, spec.value);
    const tried = performance.now();
    const serving = openIn(worker, structuredClone(module), spec.value);
    const done = performance.now();
    times.push({
      compileMs: compiled - began,
      canaryMs: tried - compiled,
      workerMs: done - tried,
    });
    for (const [pool, plugin] of [rehearsed, serving]) pool.release(plugin);
    library.keep(new Set());
  }
  return times;
}

type Spec = Parameters<PluginPool['lease']>[0];
type Module = Parameters<PluginPool['addModule']>[0];

function openIn(pool: PluginPool, module: Module, spec: Spec) {
  pool.keepModules(new Set());
  pool.addModule(module);
  const plugin = pool.lease(spec);
  if (!plugin.ok) throw new Error(plugin.error.message);
  return [pool, plugin.value] as const;
}

function openPool(): PluginPool {
  const clock = new SteppedClock();
  return new PluginPool({
    clock,
    random: () => 0.5,
    log: silentLog,
    callouts: { start: () => ({ cancel: () => {} }) },
    metrics: new MemoryMetrics(),
    sharedData: new MemoryShared(clock).store,
    sinks: new MemorySinks(),
    regexes: createRegexes(),
  });
}

/** Other bytes each time, by a custom section at the end. */
function variant(bytes: Uint8Array, index: number): Buffer {
  const number = Buffer.from(String(index).padStart(4, '0'));
  return Buffer.concat([bytes, Buffer.of(0, 2 + number.length, 1, 0x78), number]);
}
