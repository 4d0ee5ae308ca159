import type { JsonObject } from '@lateen/sdk/base/json';
import { jsonPage, type Page, textPage } from './page.ts';

/** A configured module as one worker has it. */
export interface PluginState {
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  /** `sha256:` and hex, of the module as delivered. */
  readonly module: string;
  readonly abi: string;
  /** Came with the host: no fuel, more memory. */
  readonly trusted: boolean;
  readonly failurePolicy: string;
  /** False between the death of a VM and the next one. */
  readonly alive: boolean;
  readonly streams: number;
  readonly rebuilds: number;
  readonly refusals: number;
  readonly memoryBytes: number;
  /** Why the last VM died; empty while all is well. */
  readonly fault: string;
}

/** `/wasm`: every plugin, its figures summed over the workers. */
export function wasmPage(
  workers: readonly (readonly PluginState[])[],
  query: URLSearchParams,
): Page {
  const plugins = mergePlugins(workers);
  if (query.get('format') === 'json') return jsonPage({ plugins });
  const lines = plugins.flatMap((plugin) => [
    `${plugin['name']}::module::${plugin['module']}`,
    `${plugin['name']}::state::${plugin['state']}`,
    `${plugin['name']}::memory_bytes::${plugin['memory_bytes']}`,
    `${plugin['name']}::streams::${plugin['streams']}`,
    `${plugin['name']}::reloads::${plugin['reloads']}`,
    `${plugin['name']}::refused_streams::${plugin['refused_streams']}`,
    ...(plugin['last_fault'] === undefined
      ? []
      : [`${plugin['name']}::last_fault::${plugin['last_fault']}`]),
  ]);
  return textPage(lines.map((line) => `${line}\n`).join(''));
}

/** Plugins of one name, root id and module are one plugin in several workers. */
function mergePlugins(workers: readonly (readonly PluginState[])[]): readonly JsonObject[] {
  const merged = new Map<string, PluginState[]>();
  for (const state of workers.flat()) {
    const key = JSON.stringify([state.name, state.rootId, state.vmId, state.module]);
    merged.set(key, [...(merged.get(key) ?? []), state]);
  }
  return [...merged.values()].map(mergePlugin);
}

function mergePlugin(states: readonly PluginState[]): JsonObject {
  const [first] = states as [PluginState];
  const sum = (of: (state: PluginState) => number) =>
    states.reduce((total, state) => total + of(state), 0);
  const alive = sum((state) => (state.alive ? 1 : 0));
  const fault = states.find((state) => state.fault !== '')?.fault;
  return {
    name: first.name,
    root_id: first.rootId,
    vm_id: first.vmId,
    module: first.module,
    abi: first.abi,
    trusted: first.trusted,
    failure_policy: first.failurePolicy,
    state: alive === states.length ? 'serving' : alive === 0 ? 'down' : 'degraded',
    workers: states.length,
    workers_serving: alive,
    memory_bytes: sum((state) => state.memoryBytes),
    streams: sum((state) => state.streams),
    reloads: sum((state) => state.rebuilds),
    refused_streams: sum((state) => state.refusals),
    ...(fault === undefined ? {} : { last_fault: fault }),
  };
}
