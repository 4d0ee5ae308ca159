import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { PluginLimits } from '@lateen/sdk/xds/plugin-limits';
import type { VmServices } from '../wasm/effects.ts';
import type { CompiledModule } from '../wasm/module.ts';
import { type FailurePolicy, Plugin } from './plugin.ts';
import { VmShelf } from './vm-shelf.ts';

/** Everything that makes one configured module; plain data that crosses threads. */
export interface PluginSpec {
  /** Digest of all that follows: equal specs share one VM and one root context. */
  readonly key: string;
  /** As the operator knows it: the filter's name, or the WasmPlugin's. */
  readonly name: string;
  readonly rootId: string;
  readonly vmId: string;
  /** Key of the compiled module. */
  readonly module: string;
  readonly vmConfiguration: string;
  /** Plugin configuration: JSON text, or whatever the author's configuration is. */
  readonly configuration: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly failurePolicy: FailurePolicy;
  readonly limits: PluginLimits;
  /** See PluginOptions. */
  readonly reloadIntervalMs: number | null;
  /** Host calls and callbacks that the module has; empty = all. */
  readonly capabilities: readonly string[];
}

/** A message that a module serves, delivered once per plugin however many routes name it. */
export interface ServedMessage {
  readonly digest: string;
  readonly json: string;
}

interface Entry {
  readonly plugin: Plugin;
  references: number;
  /** Configurations delivered to this plugin, by digest. */
  readonly served: Map<string, Served>;
}

interface Served {
  readonly id: number;
  references: number;
}

/**
 * The plugins of one thread. Services lease plugins and configurations; what nobody leases any
 * more is closed. So a change that leaves a filter's configuration alone keeps its VM.
 */
export class PluginPool {
  readonly #services: VmServices;
  readonly #shelf = new VmShelf();
  readonly #modules = new Map<string, CompiledModule>();
  readonly #entries = new Map<string, Entry>();
  #nextConfigId = 1;

  constructor(services: VmServices) {
    this.#services = services;
  }

  addModule(module: CompiledModule): void {
    this.#modules.set(module.key, module);
  }

  /** Modules that no plugin needs any more are forgotten. */
  keepModules(keys: ReadonlySet<string>): void {
    for (const key of this.#modules.keys()) if (!keys.has(key)) this.#modules.delete(key);
  }

  get plugins(): Iterable<Plugin> {
    return [...this.#entries.values()].map((entry) => entry.plugin);
  }

  lease(spec: PluginSpec): Result<Plugin> {
    const entry = this.#entries.get(spec.key);
    if (entry !== undefined) {
      entry.references++;
      return ok(entry.plugin);
    }
    const module = this.#modules.get(spec.module);
    if (module === undefined) return fail(moduleMissing(spec));
    const opened = Plugin.open({ ...spec, module }, this.#services, this.#shelf);
    if (!opened.ok) return opened;
    this.#entries.set(spec.key, { plugin: opened.value, references: 1, served: new Map() });
    return opened;
  }

  release(plugin: Plugin): void {
    const entry = this.#entries.get(plugin.key);
    if (entry === undefined || --entry.references > 0) return;
    this.#entries.delete(plugin.key);
    entry.plugin.close();
  }

  /** Hands a message to a leased plugin, unless it has it; returns the id it is known by. */
  serve(plugin: Plugin, message: ServedMessage): Result<number> {
    const entry = this.#entries.get(plugin.key);
    if (entry === undefined) return fail(notLeased(plugin));
    const known = entry.served.get(message.digest);
    if (known !== undefined) {
      known.references++;
      return ok(known.id);
    }
    const id = this.#nextConfigId++;
    const delivered = plugin.deliver(id, Buffer.from(message.json));
    if (!delivered.ok) return delivered;
    entry.served.set(message.digest, { id, references: 1 });
    return ok(id);
  }

  unserve(plugin: Plugin, digest: string): void {
    const entry = this.#entries.get(plugin.key);
    const served = entry?.served.get(digest);
    if (entry === undefined || served === undefined || --served.references > 0) return;
    entry.served.delete(digest);
    plugin.forget(served.id);
  }
}

function moduleMissing(spec: PluginSpec): Problem {
  return {
    level: 'error',
    code: 'LAT0310',
    message: `module ${spec.module} of plugin ${spec.name} is not loaded`,
    origin: { resource: spec.name },
  };
}

function notLeased(plugin: Plugin): Problem {
  return {
    level: 'error',
    code: 'LAT0311',
    message: `plugin ${plugin.name} was closed before its configuration arrived`,
    origin: { resource: plugin.name },
  };
}
