import type { Clock, Timer } from '@lateen/sdk/base/clock';
import type { Log } from '@lateen/sdk/base/log';
import type { Problem } from '@lateen/sdk/base/problem';
import type { Result } from '@lateen/sdk/base/result';
import { type ConfigObject, objectKey } from '../api/object.ts';
import { compileModule } from './compile.ts';
import { type Fetched, ModuleFetcher, type ModuleFetcherOptions } from './fetcher.ts';
import { locateProblem } from './locate.ts';
import { asksForModule, type PluginSource, pluginOf } from './plugin.ts';
import { checkPluginConfig } from './plugin-config.ts';
import {
  CERTIFICATE_REFUSED,
  CONFIG_REFUSED,
  DIGEST_MISMATCH,
  FETCH_FAILED,
  failed,
  isAboutTrust,
  moduleProblem,
  NOT_A_MODULE,
  REFUSED_BY_PROXY,
  SIGNATURE_MISSING,
  SIGNATURE_WRONG,
} from './problem.ts';
import { PullSecrets } from './pull-secret.ts';
import type { LastGood } from './records.ts';
import { restoreSource } from './restore.ts';
import { retryAfterOf } from './retry-after.ts';

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
  /** The step that it could not take. */
  failedAt: PluginStep | undefined;
  digest: string | undefined;
  signedBy: readonly string[];
  problem: Problem | undefined;
}

interface Plugin {
  newest: Version;
  /** The last version that got through and that no proxy refused. */
  good: Version | undefined;
  /** What was good when the newest became so; what a refusal goes back to. */
  before: Version | undefined;
  readonly abort: AbortController;
  retry: Timer | undefined;
  /** What worked before the restart has yet to be looked for. */
  fresh: boolean;
}

export interface PluginView {
  readonly key: string;
  readonly url: string;
  readonly generation: string;
  readonly step: PluginStep;
  readonly failedAt: PluginStep | undefined;
  readonly digest: string | undefined;
  /** Ids of the keys whose signatures it was let through for. */
  readonly signedBy: readonly string[];
  readonly problem: Problem | undefined;
}

/** A module that proxies can have: where, and what they must find there. */
export interface ReadyModule {
  readonly digest: string;
  readonly url: string;
}

export interface PipelineOptions extends ModuleFetcherOptions {
  readonly clock: Clock;
  readonly log: Log;
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
  readonly #running = new Set<Promise<void>>();
  readonly #fetcher: ModuleFetcher;
  #secrets = new PullSecrets([]);
  #written: Promise<void> = Promise.resolve();
  #versions = 0;
  #synced = false;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#fetcher = new ModuleFetcher(options);
  }

  /** Takes the resources as they are now; starts what is new, forgets what is gone. */
  sync(objects: readonly ConfigObject[]): void {
    const gone = new Set(this.#plugins.keys());
    this.#secrets = new PullSecrets(objects);
    for (const object of objects) {
      const source = pluginOf(object, this.#secrets);
      if (source === undefined) continue;
      gone.delete(source.key);
      const known = this.#plugins.get(source.key);
      if (known?.newest.source.generation !== source.generation) this.#start(source);
    }
    this.#synced = true;
    for (const key of gone) {
      this.#forget(key);
      this.#write(key, undefined);
    }
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
      if (plugin === undefined || !asksForModule(object)) gated.push(object);
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
    plugin.newest.problem = locateProblem(
      plugin.newest.source,
      moduleProblem(REFUSED_BY_PROXY, message),
    );
    plugin.newest.failedAt = undefined;
    plugin.good = plugin.before;
    this.#remember(plugin);
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
      failedAt: newest.failedAt,
      digest: newest.digest,
      signedBy: newest.signedBy,
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

  /** Ends all attempts; resolves when what works is written down. */
  async close(): Promise<void> {
    for (const key of [...this.#plugins.keys()]) this.#forget(key);
    await this.#written;
  }

  #start(source: PluginSource): void {
    const known = this.#plugins.get(source.key);
    this.#stop(known);
    const newest = this.#version(source, 'fetching');
    const abort = new AbortController();
    // Only what was there before the restart: a plugin made anew does not come back as it once was.
    const fresh = !this.#synced || known?.fresh === true;
    const nothing = { before: undefined, retry: undefined };
    const plugin: Plugin = { newest, good: known?.good, abort, fresh, ...nothing };
    this.#plugins.set(source.key, plugin);
    this.#attempt(plugin, 1);
  }

  #version(source: PluginSource, step: PluginStep): Version {
    this.#versions += 1;
    const id = `${source.generation}.${this.#versions}`;
    const nothing = { failedAt: undefined, digest: undefined, problem: undefined };
    return { source, id, step, signedBy: [], ...nothing };
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
    const running = this.#bring(plugin)
      .catch((error: unknown) => failed<Fetched>(FETCH_FAILED, String(error)))
      .then((result) => {
        this.#running.delete(running);
        if (plugin.abort.signal.aborted) return;
        const code = result.ok ? undefined : result.error.code;
        this.#options.metrics?.attempted(plugin.newest.source.key, code);
        if (result.ok) this.#succeed(plugin, result.value);
        else this.#fail(plugin, result.error, count);
      });
    this.#running.add(running);
  }

  /** Fetch and verify, compile, keep. */
  async #bring(plugin: Plugin): Promise<Result<Fetched>> {
    const { newest: version, abort } = plugin;
    if (plugin.fresh) await this.#restore(plugin);
    const fetched = await this.#fetcher.fetch(version.source, abort.signal);
    if (!fetched.ok) return fetched;
    version.step = 'verified';
    // From here on nobody makes room by deleting it.
    version.digest = fetched.value.digest;
    const compiled = await compileModule(fetched.value.bytes);
    if (!compiled.ok) return compiled;
    const fits = checkPluginConfig(version.source, fetched.value.bytes);
    if (!fits.ok) return fits;
    version.step = 'compiled';
    const kept = await this.#fetcher.keep(version.source, fetched.value);
    return kept.ok ? fetched : kept;
  }

  /** After a restart the version that worked goes on until the newest is ready, as it would have. */
  async #restore(plugin: Plugin): Promise<void> {
    plugin.fresh = false;
    const { records, store, trust, log } = this.#options;
    const { key } = plugin.newest.source;
    const record = await records.lastGood(key);
    if (record === undefined || plugin.abort.signal.aborted) return;
    const source = restoreSource(key, record, this.#secrets, trust);
    if (source === undefined || !(await store.has(record.digest))) return;
    if (plugin.abort.signal.aborted || plugin.good !== undefined) return;
    const { digest, signedBy } = record;
    plugin.good = { ...this.#version(source, 'compiled'), digest, signedBy };
    log.write('info', 'module that worked before the restart', { plugin: key, digest });
    this.#options.onChange();
  }

  #succeed(plugin: Plugin, { digest, signedBy }: Fetched): void {
    const { newest } = plugin;
    newest.digest = digest;
    newest.signedBy = signedBy;
    newest.problem = undefined;
    newest.failedAt = undefined;
    plugin.before = plugin.good;
    plugin.good = newest;
    this.#remember(plugin);
    this.#options.log.write('info', 'module ready', { plugin: newest.source.key, digest });
    this.#options.onChange();
  }

  /** Writes down what works; modules that no plugin needs make room. */
  #remember({ newest, good }: Plugin): void {
    const { key } = newest.source;
    const record =
      good?.digest === undefined
        ? undefined
        : {
            digest: good.digest,
            manifest: undefined,
            signedBy: good.signedBy,
            raw: good.source.object.raw,
          };
    this.#write(key, record);
  }

  /** One after the other, so that the last word stays. */
  #write(key: string, record: LastGood | undefined): void {
    const { records, store, log } = this.#options;
    const written = this.#written
      .then(() => records.setLastGood(key, record))
      .then(() => store.prune(this.#inUse()))
      .catch((error: unknown) => log.write('warn', String(error)))
      .finally(() => this.#running.delete(written));
    this.#written = written;
    this.#running.add(written);
  }

  #inUse(): ReadonlySet<string> {
    const plugins = [...this.#plugins.values()];
    const versions = plugins.flatMap(({ newest, good, before }) => [newest, good, before]);
    return new Set(versions.flatMap((version) => version?.digest ?? []));
  }

  #fail(plugin: Plugin, problem: Problem, count: number): void {
    const { newest } = plugin;
    newest.problem = locateProblem(newest.source, problem);
    newest.failedAt = failedStep(problem.code);
    if (FOUND_WANTING.has(problem.code)) newest.step = 'fetched';
    this.#options.log.write('warn', problem.message, { plugin: newest.source.key });
    if (PASSING.has(problem.code) && /^(https?|oci):/i.test(newest.source.url)) {
      const backoff = count < ATTEMPTS_MAX ? BACKOFF_MS * 2 ** (count - 1) : SLOW_RETRY_MS;
      const delay = Math.max(backoff, retryAfterOf(problem));
      plugin.retry = this.#options.clock.setTimer(delay, () => this.#attempt(plugin, count + 1));
    }
    this.#options.onChange();
  }
}

/** May be gone at the next attempt. */
const PASSING: ReadonlySet<string> = new Set([FETCH_FAILED, CERTIFICATE_REFUSED]);

/** There was something, and it was not what was asked for. */
const FOUND_WANTING: ReadonlySet<string> = new Set([
  DIGEST_MISMATCH,
  SIGNATURE_MISSING,
  SIGNATURE_WRONG,
]);

function failedStep(code: string): PluginStep {
  if (code === NOT_A_MODULE || code === CONFIG_REFUSED) return 'compiled';
  return isAboutTrust(code) ? 'verified' : 'fetched';
}
