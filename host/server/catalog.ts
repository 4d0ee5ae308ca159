import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { FailurePolicy } from '../filter/plugin.ts';
import type { PluginSpec } from '../filter/plugin-pool.ts';
import type { CompiledModule } from '../wasm/compiled-module.ts';
import { digestOf } from './served-parts.ts';

/** A bundled module, compiled. */
export interface ServingModule {
  readonly compiled: CompiledModule;
  readonly serves: readonly string[];
  /** Only watches: when it fails, streams go on. */
  readonly watches: boolean;
}

/**
 * Which module serves which message type. The host knows no filter by name: all that it knows of
 * policy is this table, and with an empty one nothing routes, retries or authorises.
 */
export class ModuleCatalog {
  readonly #byType = new Map<string, ServingModule>();

  constructor(modules: readonly ServingModule[]) {
    for (const module of modules) {
      for (const type of module.serves) this.#byType.set(type, module);
    }
  }

  serves(typeUrl: string): boolean {
    return this.#byType.has(typeUrl);
  }

  /** The plugin of a bundled module with a message as its configuration. */
  plugin(name: string, message: JsonObject): Result<PluginSpec> {
    const typeUrl = String(message['@type'] ?? '');
    const module = this.#byType.get(typeUrl);
    if (module === undefined) return fail(unserved(name, typeUrl));
    return ok(bundledSpec(module, name, JSON.stringify(message)));
  }

  /** The plugin that takes part in streams by the messages that routes hold for it. */
  companion(typeUrl: string): PluginSpec | undefined {
    const module = this.#byType.get(typeUrl);
    return module === undefined ? undefined : bundledSpec(module, module.compiled.name, '');
  }
}

function bundledSpec(module: ServingModule, name: string, configuration: string): PluginSpec {
  const failurePolicy: FailurePolicy = module.watches ? 'open' : 'reload';
  return withKey({
    name,
    rootId: name,
    vmId: '',
    module: module.compiled.key,
    vmConfiguration: '',
    configuration,
    environment: {},
    failurePolicy,
    limits: {},
    reloadIntervalMs: null,
    capabilities: [],
  });
}

/** Completes a spec by the digest over all of it. */
export function withKey(spec: Omit<PluginSpec, 'key'>): PluginSpec {
  return { ...spec, key: digestOf(JSON.stringify(spec)) };
}

function unserved(name: string, typeUrl: string): Problem {
  return {
    level: 'error',
    code: 'LAT0312',
    message: `no module serves ${typeUrl === '' ? 'a filter without configuration' : typeUrl}`,
    origin: { resource: name, path: 'typed_config' },
    fix: 'take the filter out, or load a module whose manifest lists this type',
  };
}
