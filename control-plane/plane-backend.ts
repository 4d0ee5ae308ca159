import type { JsonObject } from '@lateen/sdk/base/json';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type {
  AdminBackend,
  AppliedObject,
  ApplyOutcome,
  ObjectName,
  PlaneInfo,
  ProxyConfigView,
  SyncStatus,
} from './admin/backend.ts';
import { type ConfigObject, objectKey, originOf } from './api/object.ts';
import { parseDocuments } from './api/parse.ts';
import type { Engine } from './engine.ts';
import { buildMesh } from './mesh/build.ts';
import { checkPlugins } from './modules/check.ts';
import type { ModuleMetrics } from './modules/metrics.ts';
import type { ModulePipeline } from './modules/pipeline.ts';
import type { ModuleStore } from './modules/store.ts';
import type { FileSource } from './source/file-source.ts';
import type { ResourceStore } from './source/store.ts';
import type { History, HistoryEvent } from './status/history.ts';
import { type ProxyStatus, proxyName, proxyStatus } from './status/proxy-status.ts';
import { refusalProblems } from './status/refusals.ts';
import { type ResourceStatus, resourceStatuses } from './status/resource-status.ts';
import type { ConnectedProxy } from './xds/ads-server.ts';
import { PUSH_ORDER, SHORT_NAMES } from './xds/type-urls.ts';

export interface BackendParts {
  readonly engine: Engine;
  readonly pipeline: ModulePipeline;
  readonly modules: ModuleStore;
  readonly moduleMetrics: ModuleMetrics;
  readonly store: ResourceStore;
  readonly history: History;
  readonly source: () => FileSource | undefined;
  readonly proxies: () => readonly ConnectedProxy[];
  readonly pushed: () => number;
  readonly info: () => PlaneInfo;
}

/** The admin API's view of the control plane. */
export class PlaneBackend implements AdminBackend {
  readonly #parts: BackendParts;

  constructor(parts: BackendParts) {
    this.#parts = parts;
  }

  info(): PlaneInfo {
    return this.#parts.info();
  }

  sync(): SyncStatus {
    const statuses = this.proxies();
    return {
      revision: this.#parts.engine.revision,
      pushed: this.#parts.pushed(),
      proxies: statuses.length,
      synced: statuses.filter(({ synced }) => synced).length,
      refusing: statuses
        .filter(({ types }) => types.some(({ state }) => state === 'refused'))
        .map(({ name }) => name),
    };
  }

  resources(): readonly ResourceStatus[] {
    const { engine, pipeline, proxies } = this.#parts;
    return resourceStatuses({
      objects: engine.objects,
      problems: this.problems(),
      plugins: pipeline.views(),
      extensionNames: engine.extensionNames,
      generations: engine.generations,
      proxies: proxies(),
    });
  }

  problems(): readonly Problem[] {
    const { engine, proxies } = this.#parts;
    const keys = new Map([...engine.extensionNames].map(([key, name]) => [name, key]));
    return [...engine.problems(), ...refusalProblems(proxies(), keys)];
  }

  proxies(): readonly ProxyStatus[] {
    const statuses = this.#parts.proxies().map(proxyStatus);
    return statuses.sort((a, b) => a.name.localeCompare(b.name, 'en'));
  }

  proxyConfig(name: string): ProxyConfigView | undefined {
    const proxy = this.#parts
      .proxies()
      .find(({ stream }) => stream.node.id === name || proxyName(stream.node.id) === name);
    if (proxy === undefined) return undefined;
    const { types } = proxy.stream.snapshot;
    const entries = PUSH_ORDER.map((typeUrl) => {
      const resources = [...(types.get(typeUrl)?.values() ?? [])];
      const byName = resources.map((each): [string, JsonObject] => [each.name, each.json]);
      return [SHORT_NAMES.get(typeUrl) ?? typeUrl, Object.fromEntries(byName)];
    });
    return Object.fromEntries(entries);
  }

  history(): readonly HistoryEvent[] {
    return this.#parts.history.list();
  }

  module(digest: string): Promise<Uint8Array | undefined> {
    return this.#parts.modules.read(digest);
  }

  metrics(): Promise<string> {
    return this.#parts.moduleMetrics.text(this.#parts.pipeline.views());
  }

  async apply(input: { file: string; text: string; dryRun: boolean }): Promise<ApplyOutcome> {
    const { engine } = this.#parts;
    const parsed = parseDocuments(input);
    const { objects } = parsed.value;
    const problems = [...parsed.problems, ...this.#conflicts(objects)];
    const nothing = { applied: [], problems, revision: engine.revision };
    if (hasErrors(problems) || parsed.value.broken || objects.length === 0) return nothing;
    const applied = objects.map((object) => this.#change(object));
    const advice = this.#advice(objects);
    if (input.dryRun) return { applied, problems: [...problems, ...advice], revision: 0 };
    const written = await this.#parts.store.put(objects);
    if (!written.ok) return { ...nothing, problems: [...problems, written.error] };
    for (const { change, ...name } of applied) {
      this.#parts.history.add('applied', keyOf(name), change);
    }
    await this.#reread();
    // What a module's URL gives may have changed though the resource did not.
    for (const { change, ...name } of applied) {
      if (change === 'unchanged') this.#parts.pipeline.refresh(keyOf(name));
    }
    return { applied, problems: [...problems, ...advice], revision: engine.revision };
  }

  async delete(name: ObjectName): Promise<Result<{ deleted: boolean; revision: number }>> {
    const key = keyOf(name);
    const known = this.#parts.engine.objects.find((object) => objectKey(object) === key);
    if (known !== undefined && !this.#isStored(known)) return fail(notOurs(known, 'delete'));
    const deleted = await this.#parts.store.delete(name);
    if (!deleted.ok) return deleted;
    if (deleted.value) {
      this.#parts.history.add('deleted', key, '');
      await this.#reread();
    }
    return ok({ deleted: deleted.value, revision: this.#parts.engine.revision });
  }

  /** Brings what was written into force now, without waiting for the watcher. */
  async #reread(): Promise<void> {
    const state = await this.#parts.source()?.rescan();
    if (state !== undefined) this.#parts.engine.takeSource(state);
    this.#parts.engine.rebuild();
  }

  #change(object: ConfigObject): AppliedObject {
    const { kind, metadata } = object;
    const key = objectKey(object);
    const known = this.#parts.engine.objects.find((each) => objectKey(each) === key);
    const same = known !== undefined && contentOf(known) === contentOf(object);
    const change = known === undefined ? 'created' : same ? 'unchanged' : 'configured';
    return { kind, namespace: metadata.namespace, name: metadata.name, change };
  }

  /** One object in two sources: the file's owner did not ask for it to be changed. */
  #conflicts(objects: readonly ConfigObject[]): readonly Problem[] {
    const known = new Map(this.#parts.engine.objects.map((each) => [objectKey(each), each]));
    return objects.flatMap((object) => {
      const other = known.get(objectKey(object));
      return other === undefined || this.#isStored(other) ? [] : [conflict(object, other)];
    });
  }

  #isStored(object: ConfigObject): boolean {
    return object.source.file.startsWith(this.#parts.store.dir);
  }

  /** What the index would say about these objects among all the others. */
  #advice(objects: readonly ConfigObject[]): readonly Problem[] {
    const keys = new Set(objects.map(objectKey));
    const others = this.#parts.engine.objects.filter((object) => !keys.has(objectKey(object)));
    const all = [...others, ...objects];
    const problems = [...buildMesh(all).problems, ...checkPlugins(all)];
    return problems.filter((problem) => keys.has(problem.origin.resource ?? ''));
  }
}

/** What counts as a change: not whether the namespace was written out, nor the order of fields. */
function contentOf({ apiVersion, metadata, spec }: ConfigObject): string {
  return JSON.stringify([apiVersion, metadata.labels, metadata.annotations, spec]);
}

function keyOf(name: ObjectName): string {
  return `${name.kind} ${name.namespace}/${name.name}`;
}

function conflict(object: ConfigObject, other: ConfigObject): Problem {
  const at = originOf(other, []);
  return {
    level: 'error',
    code: 'LAT0110',
    message: `${objectKey(object)} is declared in ${at.file}:${at.line ?? 1} already`,
    origin: originOf(object),
    fix: `edit ${at.file}, it is watched`,
  };
}

function notOurs(object: ConfigObject, verb: string): Problem {
  const at = originOf(object, []);
  return {
    level: 'error',
    code: 'LAT0110',
    message: `${objectKey(object)} was not applied, it is declared in ${at.file}:${at.line ?? 1}`,
    origin: at,
    fix: `${verb} it in that file`,
  };
}
