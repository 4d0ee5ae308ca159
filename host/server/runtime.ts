import type { Clock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { PluginPool } from '../filter/plugin-pool.ts';
import {
  type FilterChainConfig,
  type ListenerConfig,
  parseListener,
} from '../net/listener-config.ts';
import type { Steps } from '../observe/steps.ts';
import {
  buildService,
  type RouteMessage,
  type ServiceLease,
  type ServicePlan,
} from '../stream/build-service.ts';
import { inside } from '../stream/field-place.ts';
import { parseHcm } from '../stream/hcm-config.ts';
import { LiveService } from './live-service.ts';
import type { ChainMessage, ChangeMessage, ListenerMessage } from './messages.ts';
import { modulesOf } from './plugin-specs.ts';

/** A listener as this thread serves it. */
export interface LiveListener {
  readonly message: ListenerMessage;
  readonly config: ListenerConfig;
  /** By `chainKey`: a chain keeps its service while its neighbours come and go. */
  readonly services: ReadonlyMap<string, LiveService>;
}

/** A change that can be committed: everything is parsed and every module has accepted. */
export interface PreparedChange {
  readonly message: ChangeMessage;
  readonly listeners: readonly PreparedListener[];
  readonly routes: ReadonlyMap<string, RouteMessage>;
  /** Warnings. */
  readonly problems: readonly Problem[];
}

interface PreparedListener {
  readonly message: ListenerMessage;
  readonly config: ListenerConfig;
  /** By `chainKey`. */
  readonly leases: ReadonlyMap<string, ServiceLease>;
}

/**
 * The configuration of one thread: which listeners with which services. A change is prepared as a
 * whole without touching what serves, then committed at one stroke, or discarded.
 */
export class Runtime {
  readonly #pool: PluginPool;
  readonly #clock: Clock;
  #listeners = new Map<string, LiveListener>();
  #routes: ReadonlyMap<string, RouteMessage> = new Map();

  constructor(pool: PluginPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  get listeners(): ReadonlyMap<string, LiveListener> {
    return this.#listeners;
  }

  /** Nothing that serves is touched, so what else this thread does may go on between the steps. */
  *prepare(message: ChangeMessage): Steps<Result<PreparedChange, readonly Problem[]>> {
    for (const module of message.modules) this.#pool.addModule(module);
    const routes = new Map(this.#routes);
    for (const name of message.removedRoutes) routes.delete(name);
    for (const route of message.routes) routes.set(route.name, route);
    const prepared: PreparedListener[] = [];
    const problems: Problem[] = [];
    for (const listener of this.#affected(message)) {
      const built = yield* this.#prepareListener(listener, routes, problems);
      if (built.ok) prepared.push(built.value);
      else problems.push(...built.error);
    }
    const change = { message, listeners: prepared, routes, problems };
    if (!hasErrors(problems)) return ok(change);
    this.discard(change);
    return fail(problems);
  }

  discard(change: PreparedChange): void {
    for (const listener of change.listeners) {
      for (const lease of listener.leases.values()) lease.release();
    }
  }

  /** Swaps everything in; returns the listeners that are new and those that are gone. */
  commit(change: PreparedChange): {
    readonly opened: readonly LiveListener[];
    readonly changed: readonly LiveListener[];
    readonly closed: readonly LiveListener[];
  } {
    const opened: LiveListener[] = [];
    const changed: LiveListener[] = [];
    const closed: LiveListener[] = [];
    for (const name of change.message.removedListeners) {
      const known = this.#listeners.get(name);
      if (known === undefined) continue;
      this.#listeners.delete(name);
      closed.push(known);
    }
    for (const prepared of change.listeners) {
      const known = this.#listeners.get(prepared.message.name);
      const live = this.#install(prepared, known);
      (known === undefined ? opened : changed).push(live);
    }
    this.#routes = change.routes;
    const messages = [...this.#listeners.values()].map((live) => live.message);
    this.#pool.keepModules(modulesOf(messages, this.#routes.values()));
    return { opened, changed, closed };
  }

  #install(prepared: PreparedListener, known: LiveListener | undefined): LiveListener {
    const services = new Map<string, LiveService>();
    for (const [key, lease] of prepared.leases) {
      const service = known?.services.get(key);
      service?.replace(lease);
      services.set(key, service ?? new LiveService(lease, this.#clock));
    }
    for (const [key, service] of known?.services ?? []) {
      if (!services.has(key)) service.close();
    }
    const live = { message: prepared.message, config: prepared.config, services };
    this.#listeners.set(prepared.message.name, live);
    return live;
  }

  /** Listeners that are set, and those whose routes are. */
  #affected(message: ChangeMessage): readonly ListenerMessage[] {
    const set = new Set(message.listeners.map((listener) => listener.name));
    const removed = new Set(message.removedListeners);
    const routes = new Set([
      ...message.routes.map((route) => route.name),
      ...message.removedRoutes,
    ]);
    const others = [...this.#listeners.values()]
      .map((live) => live.message)
      .filter((listener) => !set.has(listener.name) && !removed.has(listener.name))
      .filter((listener) =>
        listener.chains.some((c) => c.rdsName !== null && routes.has(c.rdsName)),
      );
    return [...message.listeners, ...others];
  }

  *#prepareListener(
    message: ListenerMessage,
    routes: ReadonlyMap<string, RouteMessage>,
    warnings: Problem[],
  ): Steps<Result<PreparedListener, readonly Problem[]>> {
    const parsed = parseListener(message.json);
    const config = parsed.value;
    if (config === null) return fail(parsed.problems);
    warnings.push(...parsed.problems);
    const leases = new Map<string, ServiceLease>();
    const chains = chainsOf(config);
    for (const [place, chain] of message.chains.entries()) {
      const facts = planFacts(config, chains[place]);
      const built = yield* this.#buildChain(chain, facts, routes, warnings);
      if (built.ok) {
        leases.set(chainKey(chains[place]), built.value);
        continue;
      }
      for (const lease of leases.values()) lease.release();
      return built;
    }
    return ok({ message, config, leases });
  }

  *#buildChain(
    chain: ChainMessage,
    facts: Pick<ServicePlan, 'listener' | 'bufferBytesMax' | 'place'>,
    routes: ReadonlyMap<string, RouteMessage>,
    warnings: Problem[],
  ): Steps<Result<ServiceLease, readonly Problem[]>> {
    const { place } = facts;
    const parsed = parseHcm(chain.hcm, place.resource, place.path);
    if (hasErrors(parsed.problems)) return fail(parsed.problems);
    warnings.push(...parsed.problems);
    const { rdsName } = chain;
    const named = rdsName === null ? chain.routes : routes.get(rdsName);
    const plan: ServicePlan = {
      hcm: parsed.value,
      filters: chain.filters,
      loggers: chain.loggers,
      routes: named ?? NO_ROUTES,
      routesPlace:
        rdsName === null ? inside(place, 'routeConfig') : { resource: rdsName, path: '' },
      ...facts,
    };
    const built = yield* buildService(plan, this.#pool);
    return built.ok ? built : fail([built.error]);
  }
}

const DIRECTIONS = { UNSPECIFIED: 0, INBOUND: 1, OUTBOUND: 2 } as const;

/** The chains in order, the default chain last. */
export function chainsOf(config: ListenerConfig): readonly FilterChainConfig[] {
  return config.defaultChain === null ? config.chains : [...config.chains, config.defaultChain];
}

/** What makes a chain the same chain after an update: its name, or what it matches. */
export function chainKey(chain: FilterChainConfig): string {
  return chain.name === '' ? JSON.stringify(chain.match) : chain.name;
}

function planFacts(
  config: ListenerConfig,
  chain: FilterChainConfig,
): Pick<ServicePlan, 'listener' | 'bufferBytesMax' | 'place'> {
  return {
    place: { resource: `Listener ${config.name}`, path: chain.hcmPath },
    bufferBytesMax: config.bufferBytesMax,
    listener: {
      name: config.name,
      filterChainName: chain.name,
      direction: DIRECTIONS[config.direction],
      metadata: config.metadata,
      port: config.addresses[0]?.port ?? 0,
    },
  };
}

/** A chain whose routes are not known serves nothing but "no route". */
const NO_ROUTES: RouteMessage = {
  name: '',
  digest: 'none',
  json: {} satisfies JsonObject,
  parts: [],
  virtualHostDigests: [],
};
