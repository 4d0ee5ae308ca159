import type { JsonObject } from '@lateen/sdk/base/json';
import type { Log } from '@lateen/sdk/base/log';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { ResourceChange, TypeChange } from '../config/resources.ts';
import type { LogThresholds } from '../observe/log.ts';
import type { MetricHub } from '../observe/metric-hub.ts';
import type { RouteMessage } from '../stream/build-service.ts';
import type { CompiledModule } from '../wasm/compiled-module.ts';
import { openCanary } from './canary.ts';
import { type BoundAddress, ListenSockets } from './listen-sockets.ts';
import type { ChangeMessage, ListenerMessage, WorkerState } from './messages.ts';
import { modulesOf, specsOf } from './plugin-specs.ts';
import { inSlices, type Prepared, prepareChange } from './prepare.ts';
import { ProcessShare } from './process-share.ts';
import type { Resolver } from './resolver.ts';
import type { Runtime } from './runtime.ts';
import type { WorkerStart } from './worker.ts';
import { WorkerHandle } from './worker-handle.ts';

export interface SupervisorOptions {
  readonly workers: number;
  readonly node: JsonObject;
  readonly connectionsMax: number;
  readonly hub: MetricHub;
  readonly log: Log;
  readonly thresholds: LogThresholds;
  readonly logPath?: string;
  readonly fileFlushIntervalMs: number;
  readonly drainTimeMs: number;
  /** Modules by key, bundled ones and those that the resolver has fetched. */
  readonly module: (key: string) => CompiledModule | undefined;
  /** All others that the resolver has fetched may go. */
  readonly keepModules: (keys: ReadonlySet<string>) => void;
}

/** How a change went: warnings where it took effect, problems where nothing changed. */
export type Applied = Result<readonly Problem[], readonly Problem[]>;

const NO_CHANGE: TypeChange = { set: new Map(), removed: [] };

/**
 * The main thread's side of serving. A change is resolved, rehearsed on the canary, prepared on
 * every worker, and only then committed, everywhere; one refusal discards it everywhere. Changes
 * are applied one after the other.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #resolver: Resolver;
  readonly #canary: Runtime;
  readonly #sockets = new ListenSockets();
  readonly #share: ProcessShare;
  readonly #workers: (WorkerHandle | null)[] = [];
  #tail: Promise<unknown> = Promise.resolve();
  #changes = 0;
  #stopping = false;
  /** What is in force, for workers that start later. */
  #listeners = new Map<string, ListenerMessage>();
  #listenerJson = new Map<string, JsonObject>();
  #routes = new Map<string, RouteMessage>();
  #clusters = new Map<string, JsonObject>();
  #assignments = new Map<string, JsonObject>();

  constructor(resolver: Resolver, options: SupervisorOptions) {
    this.#options = options;
    this.#resolver = resolver;
    this.#canary = openCanary(options.node, options.log);
    this.#share = new ProcessShare(Math.max(1, options.workers));
  }

  /** Starts the workers; there is at least one. */
  start(): void {
    const { workers } = this.#options;
    const possible = this.#sockets.singleWorkerReason === '' ? Math.max(1, workers) : 1;
    if (possible < workers) {
      const reason = this.#sockets.singleWorkerReason;
      this.#options.log.write('warn', `one worker only: ${reason}`);
    }
    for (let index = 0; index < possible; index++) this.#workers.push(this.#spawn(index));
  }

  apply(change: ResourceChange): Promise<Applied> {
    const applied = this.#tail.then(() => this.#apply(change)).finally(() => this.#tidy());
    this.#tail = applied.catch(() => undefined);
    return applied;
  }

  /** Resolves and rehearses a change without serving it: `--mode validate`. */
  async rehearse(change: ResourceChange): Promise<Applied> {
    const resolved = await this.#resolve(change);
    if (!resolved.ok) return resolved;
    const rehearsed = await inSlices(prepareChange(resolved.value, this.#canary));
    if (!rehearsed.ok) return rehearsed;
    this.#canary.discard(rehearsed.value.services);
    return ok(rehearsed.value.problems);
  }

  get listeners(): ReadonlyMap<string, ListenerMessage> {
    return this.#listeners;
  }

  get workers(): { readonly started: number; readonly configured: number } {
    const started = this.#workers.filter((worker) => worker !== null).length;
    return { started, configured: Math.max(this.#workers.length, 1) };
  }

  /** Addresses that are listened on, by listener. */
  addresses(): ReadonlyMap<string, readonly BoundAddress[]> {
    return this.#sockets.addresses();
  }

  async inspect(): Promise<readonly WorkerState[]> {
    const states = await Promise.all(this.#workers.map((worker) => worker?.inspect() ?? null));
    return states.filter((state) => state !== null);
  }

  tell(message: Parameters<WorkerHandle['tell']>[0]): void {
    for (const worker of this.#workers) worker?.tell(message);
  }

  /** Ends the workers; answers under way may go out for so long. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    await this.#tail;
    // Before the workers stop accepting: nobody shall wait in a queue that nobody serves.
    this.#sockets.close();
    await Promise.all(this.#workers.map((worker) => worker?.stop(graceMs)));
  }

  async #apply(change: ResourceChange): Promise<Applied> {
    const resolved = await this.#resolve(change);
    if (!resolved.ok) return resolved;
    const message = resolved.value;
    const rehearsed = await inSlices(prepareChange(message, this.#canary));
    if (!rehearsed.ok) return rehearsed;
    const bound = this.#sockets.bind(message.listeners);
    if (!bound.ok) {
      this.#canary.discard(rehearsed.value.services);
      return fail([bound.error]);
    }
    const id = ++this.#changes;
    const refused = await this.#prepareWorkers(id, message);
    if (refused.length > 0) {
      this.#canary.discard(rehearsed.value.services);
      this.#sockets.unbind(bound.value);
      return fail(refused);
    }
    const problems = await this.#commit(id, rehearsed.value, message);
    return ok([...rehearsed.value.problems, ...problems]);
  }

  /** Modules that nobody needs any more may go, also those of a change that was refused. */
  #tidy(): void {
    this.#options.keepModules(modulesOf(this.#listeners.values(), this.#routes.values()));
  }

  async #prepareWorkers(id: number, message: ChangeMessage): Promise<readonly Problem[]> {
    const answers = await Promise.all(
      this.#workers.map(async (worker) => (await worker?.prepare(id, message)) ?? []),
    );
    const refused = answers.find((problems) => hasErrors(problems)) ?? [];
    if (refused.length > 0) for (const worker of this.#workers) worker?.discard(id);
    return refused;
  }

  async #commit(
    id: number,
    rehearsed: Prepared,
    message: ChangeMessage,
  ): Promise<readonly Problem[]> {
    this.#remember(message);
    this.#canary.commit(rehearsed.services);
    const names = new Set(message.listeners.map((listener) => listener.name));
    const answers = await Promise.all(
      this.#workers.map(async (worker) => {
        if (worker === null) return [];
        return (await worker.commit(id, this.#sockets.tickets(worker.index, names))) ?? [];
      }),
    );
    this.#sockets.release(message.removedListeners);
    return answers.flat();
  }

  async #resolve(change: ResourceChange): Promise<Result<ChangeMessage, readonly Problem[]>> {
    const listeners = change.listeners ?? NO_CHANGE;
    const extensions = new Set([
      ...(change.extensions?.set.keys() ?? []),
      ...(change.extensions?.removed ?? []),
    ]);
    const wanted = new Map(listeners.set);
    for (const [name, json] of this.#listenerJson) {
      if (wanted.has(name) || listeners.removed.includes(name)) continue;
      if (this.#resolver.extensionsOf(json).some((e) => extensions.has(e))) wanted.set(name, json);
    }
    const messages: ListenerMessage[] = [];
    for (const json of wanted.values()) {
      const resolved = await this.#resolver.listener(json);
      if (!resolved.ok) return resolved;
      messages.push(resolved.value);
    }
    const routes: RouteMessage[] = [];
    for (const json of change.routes?.set.values() ?? []) {
      const resolved = this.#resolver.routes(json);
      if (!resolved.ok) return resolved;
      routes.push(resolved.value);
    }
    return ok({
      modules: this.#modulesOf(messages, [...routes, ...this.#routes.values()]),
      listeners: messages,
      removedListeners: listeners.removed,
      routes,
      removedRoutes: change.routes?.removed ?? [],
      clusters: [...(change.clusters?.set.values() ?? [])],
      removedClusters: change.clusters?.removed ?? [],
      assignments: [...(change.assignments?.set.values() ?? [])],
    });
  }

  /** Every module that a plugin of the change may need; threads share the compiled code. */
  #modulesOf(
    listeners: readonly ListenerMessage[],
    routes: readonly RouteMessage[],
  ): readonly CompiledModule[] {
    const keys = [...modulesOf(listeners, routes)];
    return keys.map(this.#options.module).filter((module) => module !== undefined);
  }

  #remember(message: ChangeMessage): void {
    for (const name of message.removedListeners) {
      this.#listeners.delete(name);
      this.#listenerJson.delete(name);
    }
    for (const listener of message.listeners) {
      this.#listeners.set(listener.name, listener);
      this.#listenerJson.set(listener.name, listener.json);
    }
    for (const name of message.removedRoutes) this.#routes.delete(name);
    for (const route of message.routes) this.#routes.set(route.name, route);
    for (const name of message.removedClusters) this.#clusters.delete(name);
    for (const json of message.clusters) this.#clusters.set(String(json['name']), json);
    for (const json of message.assignments) {
      this.#assignments.set(String(json['clusterName']), json);
    }
    const specs = specsOf(this.#listeners.values(), this.#routes.values());
    this.#share.hold(new Set(specs.map((spec) => spec.vmId)));
  }

  #spawn(index: number): WorkerHandle {
    const { node, connectionsMax, thresholds, logPath, hub } = this.#options;
    const { fileFlushIntervalMs, drainTimeMs } = this.#options;
    const start: WorkerStart = {
      worker: index,
      node,
      shared: this.#share.memory,
      connectionsMax,
      log: thresholds,
      fileFlushIntervalMs,
      drainTimeMs,
      ...(logPath === undefined ? {} : { logPath }),
    };
    return new WorkerHandle(start, hub, (reason) => this.#died(index, reason));
  }

  /** A worker that died is replaced at once and told everything that is in force. */
  #died(index: number, reason: string): void {
    this.#workers[index] = null;
    // At once: others may wait for what it held.
    const tidied = this.#share.workerEnded(index);
    if (this.#stopping) return;
    this.#options.log.write('error', 'worker died, starting another', { worker: index, reason });
    this.#tail = this.#tail.then(async () => {
      await tidied;
      const worker = this.#spawn(index);
      const id = ++this.#changes;
      await worker.prepare(id, this.#everything());
      this.#sockets.forgetWorker(index);
      await worker.commit(id, this.#sockets.tickets(index, new Set(this.#listeners.keys())));
      this.#workers[index] = worker;
    });
  }

  #everything(): ChangeMessage {
    const listeners = [...this.#listeners.values()];
    const routes = [...this.#routes.values()];
    return {
      modules: this.#modulesOf(listeners, routes),
      listeners,
      removedListeners: [],
      routes,
      removedRoutes: [],
      clusters: [...this.#clusters.values()],
      removedClusters: [],
      assignments: [...this.#assignments.values()],
    };
  }
}
