import type { Clock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Log } from '@lateen/sdk/base/log';
import { formatProblem, type Problem } from '@lateen/sdk/base/problem';
import { fail, type Outcome, ok, type Result } from '@lateen/sdk/base/result';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import { type ConfigObject, objectKey } from './api/object.ts';
import { buildMesh } from './mesh/build.ts';
import type { Mesh } from './mesh/mesh.ts';
import type { ModulePipeline } from './modules/pipeline.ts';
import type { SourceState } from './source/file-source.ts';
import { parseNode } from './translate/node.ts';
import type { ModuleResolutions, ProxySnapshot, ReadyModule } from './translate/snapshot.ts';
import { translateFor } from './translate/translate.ts';
import { createDebounce, type Debounce } from './xds/debounce.ts';
import type { XdsNode } from './xds/request.ts';
import { type JsonResources, type Snapshot, SnapshotEncoder } from './xds/snapshot.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
} from './xds/type-urls.ts';

/** The source has waited for editors already; this merges several causes into one push. */
const QUIET_MS = 10;
const QUIET_MAX_MS = 1_000;
/** Proxies that came and went between two rebuilds are remembered up to this many. */
const BUILT_MAX = 20_000;

export interface EngineOptions {
  readonly pipeline: ModulePipeline;
  readonly registry: XdsRegistry;
  readonly clock: Clock;
  readonly log: Log;
  /** The configuration was rebuilt; what proxies should have may differ. */
  readonly onRebuilt: () => void;
}

interface Built {
  readonly snapshot: Snapshot;
  readonly problems: readonly Problem[];
}

/**
 * From resources to snapshots: gate the plugins, index, translate per proxy, encode. No sockets;
 * it holds the one current state and recomputes it when something was said to have changed.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #encoder: SnapshotEncoder;
  readonly #debounce: Debounce;
  readonly #built = new Map<string, Result<Built>>();
  #source: SourceState = { objects: [], problems: [] };
  #mesh: Mesh;
  #meshProblems: readonly Problem[] = [];
  #modules: ModuleResolutions = new Map();
  #extensionNames: ReadonlyMap<string, string> = new Map();
  #generations: ReadonlyMap<string, string> = new Map();
  #revision = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#encoder = new SnapshotEncoder((json) => {
      const packed = options.registry.encode(json);
      return packed.ok ? ok(packed.value.value) : packed;
    });
    this.#mesh = buildMesh([]).value;
    const { clock } = options;
    const run = () => this.rebuild();
    this.#debounce = createDebounce({ clock, quietMs: QUIET_MS, maxMs: QUIET_MAX_MS, run });
  }

  /** Counts rebuilds. */
  get revision(): number {
    return this.#revision;
  }

  get objects(): readonly ConfigObject[] {
    return this.#source.objects;
  }

  /** `Kind namespace/name` of each plugin to the name its configuration travels under. */
  get extensionNames(): ReadonlyMap<string, string> {
    return this.#extensionNames;
  }

  /** Which version of each plugin is in the configuration as it was last built. */
  get generations(): ReadonlyMap<string, string> {
    return this.#generations;
  }

  /** The module that a plugin's proxies get now. */
  moduleOf(extensionName: string): ReadyModule | undefined {
    return this.#modules.get(extensionName);
  }

  takeSource(state: SourceState): void {
    this.#source = state;
    this.#options.pipeline.sync(state.objects);
    this.changed();
  }

  /** Something behind the configuration changed (a module became ready). */
  changed(): void {
    this.#debounce.call();
  }

  rebuild(): void {
    this.#revision += 1;
    const { pipeline } = this.#options;
    const mesh = this.#index(pipeline.gate(this.#source.objects));
    if (mesh === undefined) return;
    this.#mesh = mesh.value;
    this.#meshProblems = mesh.problems;
    this.#generations = pipeline.generations();
    this.#modules = resolve(mesh.value, pipeline.modules());
    this.#extensionNames = new Map(
      mesh.value.extensions.map(({ object, resourceName }) => [objectKey(object), resourceName]),
    );
    this.#built.clear();
    this.#encoder.sweep();
    this.#options.onRebuilt();
  }

  /** The index of what was declared; undefined where a fault of ours leaves the one before standing. */
  #index(objects: readonly ConfigObject[]): Outcome<Mesh> | undefined {
    try {
      return buildMesh(objects);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.log.write('critical', text);
      const message = `internal error while indexing: ${text.split('\n', 1)[0]}`;
      const origin = { resource: 'control plane' };
      this.#meshProblems = [{ level: 'error', code: 'LAT0600', message, origin }];
      return undefined;
    }
  }

  /** What a proxy should have now. The same proxy asked twice costs once. */
  snapshotFor(node: XdsNode): Result<Snapshot> {
    const built = this.#build(node);
    return built.ok ? ok(built.value.snapshot) : built;
  }

  /** Everything that is wrong with the configuration, each thing once. */
  problems(): readonly Problem[] {
    const seen = new Map<string, Problem>();
    const all = [
      ...this.#source.problems,
      ...this.#options.pipeline.problems(),
      ...this.#meshProblems,
      ...[...this.#built.values()].flatMap((built) => (built.ok ? built.value.problems : [])),
    ];
    for (const problem of all) seen.set(formatProblem(problem), problem);
    return [...seen.values()];
  }

  close(): void {
    this.#debounce.close();
  }

  #build(node: XdsNode): Result<Built> {
    const key = JSON.stringify([node.id, node.metadata]);
    const known = this.#built.get(key);
    if (known !== undefined) return known;
    if (this.#built.size >= BUILT_MAX) this.#built.clear();
    const built = this.#translateSafely(node);
    this.#built.set(key, built);
    return built;
  }

  /** A fault of ours in one proxy's translation must not end the server for all the others. */
  #translateSafely(node: XdsNode): Result<Built> {
    try {
      return this.#translate(node);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.log.write('critical', text, { node: node.id });
      const message = `internal error while translating: ${text.split('\n', 1)[0]}`;
      const origin = { resource: `node ${node.id}` };
      return fail({ level: 'error', code: 'LAT0600', message, origin });
    }
  }

  #translate(node: XdsNode): Result<Built> {
    const { id, cluster, metadata } = node;
    const parsed = parseNode({ id, cluster, metadata });
    if (!parsed.ok) return parsed;
    const translated = translateFor(parsed.value, this.#mesh, this.#modules);
    const encoded = this.#encoder.snapshot(byType(translated.value));
    const problems = [...translated.problems, ...encoded.problems];
    for (const problem of encoded.problems) {
      this.#options.log.write('error', formatProblem(problem), { node: id });
    }
    return ok({ snapshot: encoded.value, problems });
  }
}

function resolve(
  mesh: Mesh,
  ready: ReadonlyMap<string, { readonly digest: string; readonly url: string }>,
): ModuleResolutions {
  const modules = new Map<string, ReadyModule>();
  for (const extension of mesh.extensions) {
    const module = ready.get(objectKey(extension.object));
    if (module === undefined) continue;
    const { digest, url } = module;
    modules.set(extension.resourceName, { digest: `sha256:${digest}`, url, extension });
  }
  return modules;
}

function byType(snapshot: ProxySnapshot): JsonResources {
  return new Map<string, ReadonlyMap<string, JsonObject>>([
    [CLUSTER_TYPE, snapshot.clusters],
    [ENDPOINT_TYPE, snapshot.endpoints],
    [LISTENER_TYPE, snapshot.listeners],
    [ROUTE_TYPE, snapshot.routes],
    [EXTENSION_TYPE, snapshot.extensionConfigs],
  ]);
}
