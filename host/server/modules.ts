import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { PluginSpec } from '../filter/plugin-pool.ts';
import type { CompiledModule } from '../wasm/compiled-module.ts';
import { type ModuleLimits, moduleLimits } from '../wasm/limits.ts';
import { compileModule, type ModuleSource, moduleKey } from '../wasm/module.ts';
import type { ReadSourceMap } from '../wasm/source/debug-info.ts';
import { ModuleCatalog, type ServingModule, withKey } from './catalog.ts';
import type { BundledModule } from './manifest.ts';
import { type CodeSource, parseWasmFilter } from './wasm-filter.ts';

/** Fetches the bytes behind a URL whose digest is known; checks the digest. */
export type FetchModule = (
  source: Extract<CodeSource, { kind: 'remote' }>,
) => Promise<Result<Uint8Array>>;

/** How a module was come by that a filter names by URL and digest. */
export type ModuleLoad = 'hit' | 'fetched' | 'failed';

/** Modules that are kept although nobody needs them at present. */
const IDLE_MAX = 4;

/** Compiled modules of the process, by key: bundled ones, and those that filters brought. */
export class ModuleLibrary {
  readonly #fetch: FetchModule;
  readonly #compiled = new Map<string, CompiledModule>();
  /** The bundled ones by digest; a filter that brings their bytes gets their code. */
  readonly #bundled = new Map<string, CompiledModule>();
  /** Compilations under way, so that ten listeners with one plugin compile it once. */
  readonly #compiling = new Map<string, Promise<Result<CompiledModule>>>();

  #count: (load: ModuleLoad) => void = () => {};

  constructor(fetch: FetchModule) {
    this.#fetch = fetch;
  }

  /** Tells from now on how modules are come by. */
  countLoads(count: (load: ModuleLoad) => void): void {
    this.#count = count;
  }

  get(key: string): CompiledModule | undefined {
    return this.#compiled.get(key);
  }

  /** Forgets modules that filters brought, but for those that are needed and a few more. */
  keep(needed: ReadonlySet<string>): void {
    const idle = [...this.#compiled].filter(([key, module]) => !module.trusted && !needed.has(key));
    // The oldest first: a change that is taken back finds its module still there.
    for (const [key] of idle.slice(0, Math.max(0, idle.length - IDLE_MAX))) {
      this.#compiled.delete(key);
    }
  }

  /** Compiles the bundled modules; they are trusted and run without fuel. */
  async loadBundled(modules: readonly BundledModule[]): Promise<Result<ModuleCatalog>> {
    const serving: ServingModule[] = [];
    for (const { name, bytes, serves, watches } of modules) {
      const compiled = await this.#compile(name, bytes, {
        limits: moduleLimits(true),
        trusted: true,
      });
      if (!compiled.ok) return compiled;
      this.#bundled.set(compiled.value.digest, compiled.value);
      serving.push({ compiled: compiled.value, serves, watches });
    }
    return ok(new ModuleCatalog(serving));
  }

  /** The plugin of a Wasm filter: its module is fetched, verified and compiled, or found here. */
  async resolveWasm(name: string, config: JsonObject): Promise<Result<PluginSpec>> {
    const parsed = parseWasmFilter(name, config);
    if (!parsed.ok) return parsed;
    const { code, ...filter } = parsed.value;
    const limits = moduleLimits(false, filter.limits.memoryBytes);
    const compiled = await this.#codeOf(filter.name, code, limits);
    if (!compiled.ok) return fail({ ...compiled.error, origin: { resource: name } });
    return ok(withKey({ ...filter, module: compiled.value.key }));
  }

  async #codeOf(
    name: string,
    code: CodeSource,
    limits: ModuleLimits,
  ): Promise<Result<CompiledModule>> {
    if (code.kind === 'remote') {
      const known = this.#compiled.get(moduleKey(`sha256:${code.sha256}`, limits));
      if (known !== undefined && !known.trusted) {
        this.#count('hit');
        return ok(known);
      }
      const bytes = await this.#fetch(code);
      this.#count(bytes.ok ? 'fetched' : 'failed');
      return bytes.ok ? this.#compile(name, bytes.value, { limits }) : bytes;
    }
    if (code.kind === 'inline') return this.#compile(name, code.bytes, { limits });
    try {
      const bytes = await readFile(code.path);
      return await this.#compile(name, bytes, { limits, readSourceMap: besideFile(code.path) });
    } catch (cause) {
      return fail(unreadable(code.path, cause));
    }
  }

  async #compile(
    name: string,
    bytes: Uint8Array,
    how: CompileHow,
  ): Promise<Result<CompiledModule>> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const key = moduleKey(digest, how.limits);
    const known = this.#bundled.get(digest) ?? this.#compiled.get(key);
    if (known !== undefined) return ok(known);
    const running = this.#compiling.get(key);
    if (running !== undefined) return running;
    const started = compileModule({ name, bytes, trusted: false, ...how });
    this.#compiling.set(key, started);
    const compiled = await started;
    this.#compiling.delete(key);
    if (compiled.ok) this.#compiled.set(key, compiled.value);
    return compiled;
  }
}

type CompileHow = Pick<ModuleSource, 'limits' | 'readSourceMap'> & { readonly trusted?: boolean };

/** A source map in the folder of the module's file, or beneath it. */
function besideFile(path: string): ReadSourceMap {
  return async (url) => {
    const folder = dirname(resolve(path));
    const file = resolve(folder, url);
    if (!file.startsWith(folder + sep)) return null;
    try {
      return await readFile(file, 'utf8');
    } catch {
      return null;
    }
  };
}

function unreadable(path: string, cause: unknown): Problem {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return {
    level: 'error',
    code: 'LAT0303',
    message: `module ${path} cannot be read (${code})`,
    origin: { file: path },
  };
}
