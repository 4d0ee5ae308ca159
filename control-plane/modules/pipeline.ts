import type { Clock, Timer } from '@lateen/sdk/base/clock';
import type { Log } from '@lateen/sdk/base/log';
import type { Problem } from '@lateen/sdk/base/problem';
import { ok, type Result } from '@lateen/sdk/base/result';
import { type ConfigObject, objectKey } from '../api/object.ts';
import { fetchModule } from './fetch.ts';
import { FETCH_LIMITS, type FetchLimits } from './limits.ts';
import { type PluginSource, pluginOf } from './plugin.ts';
import { FETCH_FAILED, failed, moduleProblem, REFUSED_BY_PROXY } from './problem.ts';
import type { ModuleStore } from './store.ts';
import { compileModule, verifyModule } from './verify.ts';

const ATTEMPTS_MAX = 5;
const BACKOFF_MS = 500;
/** After the quick attempts are used up. */
const SLOW_RETRY_MS = 30_000;

/** The way of one version of a plugin, in order; `refused` and `failed` are ends. */
export type PluginStep = 'fetching' | 'fetched' | 'verified' | 'compiled';

/** One version of a plugin: the resource as it was written then, and how far its module got. */
interface Version {
  readonly source: PluginSource;
  /** One resource can have several, when what stands behind its URL is fetched again. */
  readonly id: string;
  step: PluginStep;
  digest: string | undefined;
  problem: Problem | undefined;
}

interface Plugin {
  newest: Version;
  /** The last version that got through and that no proxy refused. */
  good: Version | undefined;
  readonly abort: AbortController;
  retry: Timer | undefined;
}

export interface PluginView {
  readonly key: string;
  readonly url: string;
  readonly generation: string;
  readonly step: PluginStep;
  readonly digest: string | undefined;
  readonly problem: Problem | undefined;
}

/** A module that proxies can have: where, and what they must find there. */
export interface ReadyModule {
  readonly digest: string;
  readonly url: string;
}

export interface PipelineOptions {
  readonly store: ModuleStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: FetchLimits;
  /** Where proxies fetch a digest from. */
  readonly urlOf: (digest: string) => string;
  /** A version became ready, or failed: what proxies should have may have changed. */
  readonly onChange: () => void;
}

/**
 * Brings modules from their URLs to the proxies, one plugin at a time and none in another's way.
 * `gate` is its effect on configuration: a plugin takes part as it was last known to work.
 */
export class ModulePipeline {
  readonly #options: PipelineOptions;
  readonly #plugins = new Map<string, Plugin>();
  /** What was fetched from a URL, for `imagePullPolicy: IfNotPresent`. */
  readonly #byUrl = new Map<string, string>();
  /** The version that was good when this one became so; what a refusal goes back to. */
  readonly #before = new WeakMap<Version, Version>();
  readonly #running = new Set<Promise<void>>();
  #versions = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Takes the resources as they are now; starts what is new, forgets what is gone. */
  sync(objects: readonly ConfigObject[]): void {
    const gone = new Set(this.#plugins.keys());
    for (const object of objects) {
      const source = pluginOf(object);
      if (source === undefined) continue;
      gone.delete(source.key);
      const known = this.#plugins.get(source.key);
      if (known?.newest.source.generation !== source.generation) this.#start(source);
    }
    for (const key of gone) this.#forget(key);
  }

  /** Fetches again what may have changed behind an unchanged resource. */
  refresh(key: string): void {
    const plugin = this.#plugins.get(key);
    if (plugin !== undefined && plugin.newest.source.sha256 === undefined) {
      this.#start(plugin.newest.source);
    }
  }

  /** The same objects, each plugin in its last working version; those that have none left out. */
  gate(objects: readonly ConfigObject[]): readonly ConfigObject[] {
    const gated: ConfigObject[] = [];
    for (const object of objects) {
      const plugin = this.#plugins.get(objectKey(object));
      if (plugin === undefined || pluginOf(object) === undefined) gated.push(object);
      else if (plugin.good !== undefined) gated.push(plugin.good.source.object);
    }
    return gated;
  }

  /** Modules of the gated objects, by `Kind namespace/name`. */
  modules(): ReadonlyMap<string, ReadyModule> {
    const ready = new Map<string, ReadyModule>();
    for (const [key, { good }] of this.#plugins) {
      const digest = good?.digest;
      if (digest !== undefined) ready.set(key, { digest, url: this.#options.urlOf(digest) });
    }
    return ready;
  }

  /**
   * A proxy refused what it was given. The version before goes on, everywhere: a plugin is in
   * force whole or not at all. Does nothing if `digest` is no longer what proxies get.
   */
  refuse(key: string, digest: string, message: string): void {
    const plugin = this.#plugins.get(key);
    if (plugin === undefined || plugin.newest.digest !== digest) return;
    if (plugin.newest.problem !== undefined || plugin.good !== plugin.newest) return;
    plugin.newest.problem = this.#located(plugin.newest, moduleProblem(REFUSED_BY_PROXY, message));
    plugin.good = this.#before.get(plugin.newest);
    this.#options.onChange();
  }

  /** Resolves when the attempts that run now have ended, well or not. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  views(): readonly PluginView[] {
    return [...this.#plugins].map(([key, { newest }]) => ({
      key,
      url: newest.source.url,
      generation: newest.id,
      step: newest.step,
      digest: newest.digest,
      problem: newest.problem,
    }));
  }

  /** Which version of each plugin `gate` lets through, by key; plugins without one are not in it. */
  generations(): ReadonlyMap<string, string> {
    const through = [...this.#plugins].flatMap(([key, { good }]): [string, string][] =>
      good === undefined ? [] : [[key, good.id]],
    );
    return new Map(through);
  }

  problems(): readonly Problem[] {
    return [...this.#plugins.values()].flatMap(({ newest }) => newest.problem ?? []);
  }

  close(): void {
    for (const key of [...this.#plugins.keys()]) this.#forget(key);
  }

  #start(source: PluginSource): void {
    const known = this.#plugins.get(source.key);
    this.#stop(known);
    this.#versions += 1;
    const id = `${source.generation}.${this.#versions}`;
    const newest: Version = { source, id, step: 'fetching', digest: undefined, problem: undefined };
    const abort = new AbortController();
    const plugin: Plugin = { newest, good: known?.good, abort, retry: undefined };
    this.#plugins.set(source.key, plugin);
    this.#attempt(plugin, 1);
  }

  #forget(key: string): void {
    this.#stop(this.#plugins.get(key));
    this.#plugins.delete(key);
  }

  #stop(plugin: Plugin | undefined): void {
    plugin?.abort.abort();
    plugin?.retry?.cancel();
  }

  /** Supervises one attempt: it cannot throw, and a stopped plugin's outcome is dropped. */
  #attempt(plugin: Plugin, count: number): void {
    const running = this.#bring(plugin.newest, plugin.abort.signal)
      .catch((error: unknown) => failed<string>(FETCH_FAILED, String(error)))
      .then((result) => {
        this.#running.delete(running);
        if (plugin.abort.signal.aborted) return;
        if (result.ok) this.#succeed(plugin, result.value);
        else this.#fail(plugin, result.error, count);
      });
    this.#running.add(running);
  }

  /** Fetch, verify, keep, compile; returns the digest. */
  async #bring(version: Version, signal: AbortSignal): Promise<Result<string>> {
    const bytes = await this.#bytes(version.source, signal);
    if (!bytes.ok) return bytes;
    version.step = 'fetched';
    const digest = verifyModule(bytes.value, version.source.sha256);
    if (!digest.ok) return digest;
    version.step = 'verified';
    const compiled = await compileModule(bytes.value);
    if (!compiled.ok) return compiled;
    version.step = 'compiled';
    const stored = await this.#options.store.write(bytes.value);
    if (stored.ok) this.#byUrl.set(version.source.url, stored.value);
    return stored;
  }

  async #bytes(source: PluginSource, signal: AbortSignal): Promise<Result<Uint8Array>> {
    const known = source.sha256 ?? (source.reuse ? this.#byUrl.get(source.url) : undefined);
    const kept = known === undefined ? undefined : await this.#options.store.read(known);
    if (kept !== undefined) return ok(kept);
    return fetchModule(source.url, this.#options.limits ?? FETCH_LIMITS, signal);
  }

  #succeed(plugin: Plugin, digest: string): void {
    const { newest, good } = plugin;
    newest.digest = digest;
    newest.problem = undefined;
    if (good !== undefined) this.#before.set(newest, good);
    plugin.good = newest;
    this.#options.log.write('info', 'module ready', { plugin: newest.source.key, digest });
    this.#options.onChange();
  }

  #fail(plugin: Plugin, problem: Problem, count: number): void {
    const { newest } = plugin;
    newest.problem = this.#located(newest, problem);
    this.#options.log.write('warn', problem.message, { plugin: newest.source.key });
    if (problem.code === FETCH_FAILED && /^https?:/i.test(newest.source.url)) {
      const delay = count < ATTEMPTS_MAX ? BACKOFF_MS * 2 ** (count - 1) : SLOW_RETRY_MS;
      plugin.retry = this.#options.clock.setTimer(delay, () => this.#attempt(plugin, count + 1));
    }
    this.#options.onChange();
  }

  #located(version: Version, problem: Problem): Problem {
    const { object, key } = version.source;
    const path = object.kind === 'TrafficExtension' ? ['spec', 'wasm', 'url'] : ['spec', 'url'];
    return { ...problem, origin: { ...object.source.at(path), resource: key } };
  }
}
