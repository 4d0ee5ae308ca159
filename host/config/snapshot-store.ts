import type { Clock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Log } from '@lateen/sdk/base/log';
import { formatProblem, type Problem } from '@lateen/sdk/base/problem';
import { blameProblems } from './blame.ts';
import { assignmentOf, extensionsOf, type Reference, routesOf } from './references.ts';
import {
  type ActiveResource,
  type ApplyChange,
  RESOURCE_TYPES,
  type ResourceChange,
  type ResourceType,
  type TypeChange,
  type VersionedResource,
} from './resources.ts';
import {
  firstOf,
  isEmpty,
  keepsActive,
  openState,
  type RefusedVersion,
  type TypeState,
} from './snapshot-state.ts';

/** What came of one type: resources to set, and names that are gone. */
export interface ResourceUpdate {
  readonly set: ReadonlyMap<string, VersionedResource>;
  readonly removed: readonly string[];
}

export interface SnapshotStoreOptions {
  readonly apply: ApplyChange;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * How long an answer may wait for resources that are still warming, so that a refusal is told
   * of the resource that caused it. Default 1000.
   */
  readonly settleMs?: number;
}

const SETTLE_MS = 1000;
const REFERRED_TYPES = ['assignments', 'routes', 'extensions'] as const;

/** An update whose sender waits to hear what became of it. */
interface Ticket {
  readonly type: ResourceType;
  /** By name, which version of it; undefined = its removal. */
  readonly pending: Map<string, JsonObject | undefined>;
  readonly refusals: Problem[];
  settle(): void;
}

/** What became of one version of a resource; undefined = of its removal. */
interface Verdict {
  readonly json: JsonObject | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Collects resources and puts them into force together with what they need: a cluster with its
 * endpoints, a listener with its routes and extensions. What is in force stays until its successor
 * is; a refused resource keeps its last good version and blocks no other.
 */
export class SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  readonly #types: Readonly<Record<ResourceType, TypeState>>;
  readonly #tickets = new Set<Ticket>();
  readonly #waits = new Map<string, { cancel(): void }>();
  readonly #watchers = new Set<() => void>();
  readonly #versions = new WeakMap<JsonObject, string>();
  #applying: ResourceChange = {};
  #isolating = false;
  #running = false;
  #again = false;

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
    this.#types = {
      clusters: openState(),
      assignments: openState(),
      extensions: openState(),
      routes: openState(),
      listeners: openState(),
    };
  }

  /**
   * Takes an update of one type. Resolves with what was refused, once everything in it is in force
   * or refused, or when waiting for the rest takes too long.
   */
  update(type: ResourceType, update: ResourceUpdate): Promise<readonly Problem[]> {
    const state = this.#types[type];
    this.#forgetAbsent();
    for (const [name, resource] of update.set) {
      this.#endWait(type, name);
      if (keepsActive(state, name, resource)) continue;
      state.staged.set(name, resource);
      this.#versions.set(resource.json, resource.version);
      state.removing.delete(name);
      state.absent.delete(name);
    }
    for (const name of update.removed) {
      state.staged.delete(name);
      // What others still refer to stays in force; it goes with the last reference.
      if (!state.active.has(name)) state.absent.add(name);
      else if (type === 'clusters' || type === 'listeners') state.removing.add(name);
    }
    this.#supersede(type);
    const settled = this.#openTicket(type, update);
    this.#tellWatchers();
    void this.#run();
    return settled;
  }

  /** What is in force. */
  active(type: ResourceType): ReadonlyMap<string, ActiveResource> {
    return this.#types[type].active;
  }

  /** What has come and is not in force yet. */
  warming(type: ResourceType): ReadonlyMap<string, VersionedResource> {
    return this.#types[type].staged;
  }

  /** Versions that were refused and not yet replaced by a good one. */
  refused(type: ResourceType): ReadonlyMap<string, RefusedVersion> {
    return this.#types[type].refused;
  }

  /** Versions of what is held, for a server that has to know after a reconnect. */
  versions(type: ResourceType): ReadonlyMap<string, string> {
    const { active, staged } = this.#types[type];
    const entries = [...active, ...staged].map(([name, { version }]) => [name, version] as const);
    return new Map(entries);
  }

  /** The resource as the change that is being applied will leave it. */
  current(type: ResourceType, name: string): JsonObject | undefined {
    return this.#applying[type]?.set.get(name) ?? this.#types[type].active.get(name)?.json;
  }

  /** Names of a type that clusters and listeners, in force or warming, refer to. */
  wanted(type: 'assignments' | 'routes' | 'extensions'): ReadonlySet<string> {
    const names = new Set<string>();
    const owners = type === 'assignments' ? 'clusters' : 'listeners';
    const { active, staged } = this.#types[owners];
    for (const { json } of [...active.values(), ...staged.values()]) {
      for (const reference of referencesOf(type, json)) names.add(reference.name);
    }
    return names;
  }

  /** Calls back whenever `wanted` may have changed. */
  watch(callback: () => void): void {
    this.#watchers.add(callback);
  }

  close(): void {
    for (const wait of this.#waits.values()) wait.cancel();
    for (const ticket of [...this.#tickets]) ticket.settle();
    this.#watchers.clear();
  }

  /** Applies what is ready until nothing is, one change at a time. */
  async #run(): Promise<void> {
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    while (this.#again) {
      this.#again = false;
      const change = this.#isolating ? firstOf(this.#readyChange()) : this.#readyChange();
      if (!isEmpty(change)) await this.#apply(change);
      else {
        this.#isolating = false;
        this.#settleTickets();
      }
    }
    this.#running = false;
  }

  /** What is refused is taken out; the next round tries what is still ready without it. */
  async #apply(change: ResourceChange): Promise<void> {
    this.#applying = change;
    const applied = await this.#options.apply(change);
    this.#applying = {};
    this.#again = true;
    if (applied.ok) {
      for (const warning of applied.value) this.#log('warn', warning);
      this.#commit(change);
      return;
    }
    const refused = blameProblems(applied.error, change);
    // Nobody is named: the resources are tried one by one.
    if (refused.length === 0) this.#isolating = true;
    for (const { type, name, problems } of refused) {
      this.#refuse(type, name, { json: change[type]?.set.get(name), problems });
    }
  }

  #commit(change: ResourceChange): void {
    for (const type of RESOURCE_TYPES) {
      const part = change[type];
      if (part === undefined) continue;
      const { active, staged, removing, refused } = this.#types[type];
      const since = this.#options.clock.wallTime();
      for (const [name, json] of part.set) {
        // A newer version may have come while this one was being applied: it stays staged.
        if (staged.get(name)?.json === json) staged.delete(name);
        active.set(name, { json, version: this.#versions.get(json) ?? '', since });
        refused.delete(name);
        this.#done(type, name, { json, problems: [] });
      }
      for (const name of part.removed) {
        active.delete(name);
        removing.delete(name);
        refused.delete(name);
        this.#done(type, name, { json: undefined, problems: [] });
      }
    }
    this.#dropUnwanted();
    this.#tellWatchers();
  }

  #refuse(type: ResourceType, name: string, verdict: Verdict): void {
    const { json, problems } = verdict;
    const { staged, removing, refused } = this.#types[type];
    if (json !== undefined) {
      const version = this.#versions.get(json) ?? '';
      refused.set(name, { json, version, problems, at: this.#options.clock.wallTime() });
    }
    if (json !== undefined && staged.get(name)?.json === json) staged.delete(name);
    if (json === undefined) removing.delete(name);
    for (const problem of problems) this.#log('error', problem);
    this.#done(type, name, verdict);
  }

  #readyChange(): ResourceChange {
    this.#keepWanted();
    const change: { -readonly [Type in ResourceType]?: TypeChange } = {};
    for (const type of RESOURCE_TYPES) {
      const { staged, removing } = this.#types[type];
      const set = new Map<string, JsonObject>();
      for (const [name, { json }] of staged)
        if (this.#isReady(type, name, json)) set.set(name, json);
      if (set.size > 0 || removing.size > 0) change[type] = { set, removed: [...removing] };
    }
    return change;
  }

  #isReady(type: ResourceType, name: string, json: JsonObject): boolean {
    switch (type) {
      case 'clusters':
        return this.#areThere('assignments', referencesOf('assignments', json), `c ${name}`);
      case 'listeners': {
        const routes = this.#areThere('routes', routesOf(json), `l ${name}`);
        return this.#areThere('extensions', extensionsOf(json), `l ${name}`) && routes;
      }
      case 'assignments':
        return this.wanted('assignments').has(name);
      default:
        return true;
    }
  }

  /** Whether all of them have come or count as absent; starts the waiting where not. */
  #areThere(type: ResourceType, references: readonly Reference[], owner: string): boolean {
    const { active, staged, absent } = this.#types[type];
    const missing = references.filter(
      ({ name }) => !active.has(name) && !staged.has(name) && !absent.has(name),
    );
    for (const { name, timeoutMs } of missing) this.#await(type, name, timeoutMs, owner);
    return missing.length === 0;
  }

  #await(type: ResourceType, name: string, timeoutMs: number, owner: string): void {
    const key = `${type} ${name}`;
    if (this.#waits.has(key) || timeoutMs === Number.POSITIVE_INFINITY) return;
    const timer = this.#options.clock.setTimer(timeoutMs, () => {
      this.#waits.delete(key);
      const { active, staged, absent } = this.#types[type];
      if (active.has(name) || staged.has(name)) return;
      const fields = { type, name, neededBy: owner, afterMs: timeoutMs };
      this.#options.log.write('warn', 'going on without a resource that did not come', fields);
      absent.add(name);
      void this.#run();
    });
    this.#waits.set(key, timer);
  }

  #endWait(type: ResourceType, name: string): void {
    const key = `${type} ${name}`;
    this.#waits.get(key)?.cancel();
    this.#waits.delete(key);
  }

  /** Whoever asks for it next time asks the server anew: it may have come to be since. */
  #forgetAbsent(): void {
    for (const type of REFERRED_TYPES) {
      const { absent } = this.#types[type];
      if (absent.size === 0) continue;
      const wanted = this.wanted(type);
      for (const name of absent) if (!wanted.has(name)) absent.delete(name);
    }
  }

  /** What was about to go stays where somebody came who refers to it. */
  #keepWanted(): void {
    for (const type of REFERRED_TYPES) {
      const { removing } = this.#types[type];
      if (removing.size === 0) continue;
      for (const name of this.wanted(type)) removing.delete(name);
    }
  }

  /** Routes, endpoints and extensions go when nothing refers to them any more. */
  #dropUnwanted(): void {
    for (const type of REFERRED_TYPES) {
      const wanted = this.wanted(type);
      const { active, removing } = this.#types[type];
      for (const name of active.keys()) if (!wanted.has(name)) removing.add(name);
    }
  }

  #openTicket(type: ResourceType, update: ResourceUpdate): Promise<readonly Problem[]> {
    const pending = new Map<string, JsonObject | undefined>();
    for (const [name, { json }] of update.set) pending.set(name, json);
    for (const name of update.removed) pending.set(name, undefined);
    const { promise, resolve } = Promise.withResolvers<readonly Problem[]>();
    const refusals: Problem[] = [];
    const settle = () => {
      this.#tickets.delete(ticket);
      timer.cancel();
      resolve(refusals);
    };
    const ticket: Ticket = { type, pending, refusals, settle };
    const timer = this.#options.clock.setTimer(this.#options.settleMs ?? SETTLE_MS, settle);
    this.#tickets.add(ticket);
    return promise;
  }

  /** A newer update of a type answers for the older ones. */
  #supersede(type: ResourceType): void {
    for (const ticket of [...this.#tickets]) if (ticket.type === type) ticket.settle();
  }

  #done(type: ResourceType, name: string, { json, problems }: Verdict): void {
    for (const ticket of this.#tickets) {
      if (ticket.type !== type || !ticket.pending.has(name)) continue;
      if (ticket.pending.get(name) !== json) continue;
      ticket.pending.delete(name);
      ticket.refusals.push(...problems);
      if (ticket.pending.size === 0) ticket.settle();
    }
  }

  /** Settles what needs no waiting: names that are neither staged nor being removed. */
  #settleTickets(): void {
    for (const ticket of [...this.#tickets]) {
      const { staged, removing } = this.#types[ticket.type];
      const lingers = ticket.type === 'assignments' || ticket.type === 'routes';
      for (const name of ticket.pending.keys()) {
        if (!removing.has(name) && (lingers || !staged.has(name))) ticket.pending.delete(name);
      }
      if (ticket.pending.size === 0) ticket.settle();
    }
  }

  #tellWatchers(): void {
    for (const callback of this.#watchers) callback();
  }

  #log(level: 'warn' | 'error', problem: Problem): void {
    this.#options.log.write(level, formatProblem(problem));
  }
}

function referencesOf(
  type: 'assignments' | 'routes' | 'extensions',
  owner: JsonObject,
): readonly Reference[] {
  if (type === 'routes') return routesOf(owner);
  if (type === 'extensions') return extensionsOf(owner);
  const assignment = assignmentOf(owner);
  return assignment === null ? [] : [assignment];
}
