import type { JsonObject } from '@lateen/sdk/base/json';
import { isJsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { Plugin } from '../filter/plugin.ts';
import type { PluginPool, PluginSpec } from '../filter/plugin-pool.ts';
import type { Steps } from '../observe/steps.ts';
import { type FieldPlace, inside, problemWithin } from './field-place.ts';
import type { HcmConfig } from './hcm-config.ts';
import { objectAt, type RouteTable, routeEntry, type ScopedConfig } from './route-table.ts';
import type { HttpService, ListenerFacts } from './service.ts';

/** A message inside a RouteConfiguration that some module serves. */
export interface ServedPart {
  /** -1 = the RouteConfiguration itself. */
  readonly virtualHost: number;
  /** -1 = the virtual host itself. */
  readonly route: number;
  /** Key of `typed_per_filter_config`, or null where the message stands in a field of its own. */
  readonly filterName: string | null;
  /** The module that serves it, for a message that belongs to no filter of the chain. */
  readonly companion: PluginSpec;
  readonly digest: string;
  readonly json: string;
}

/** A RouteConfiguration, taken apart on the main thread. */
export interface RouteMessage {
  readonly name: string;
  /** Digest of all of it. */
  readonly digest: string;
  readonly json: JsonObject;
  readonly parts: readonly ServedPart[];
  /** Digest of each virtual host, in order. */
  readonly virtualHostDigests: readonly string[];
}

/** One filter of the chain: its name in the configuration and the module it became. */
export interface FilterMessage {
  readonly name: string;
  readonly plugin: PluginSpec;
  /** Where its configuration stands in the connection manager; null = a resource of its own (ECDS). */
  readonly path: string | null;
}

export interface ServicePlan {
  readonly hcm: HcmConfig;
  readonly filters: readonly FilterMessage[];
  readonly loggers: readonly PluginSpec[];
  readonly routes: RouteMessage;
  readonly listener: ListenerFacts;
  readonly bufferBytesMax: number;
  /** Where the connection manager stands, for what is wrong in it. */
  readonly place: FieldPlace;
  /** The same for the routes: they may be a resource of their own. */
  readonly routesPlace: FieldPlace;
}

/** What a service holds in the pool; `release` gives it all back, once. */
export interface ServiceLease {
  readonly service: HttpService;
  release(): void;
}

/**
 * Opens the plugins of a connection manager and hands each its configuration. Whole or not at all:
 * on the first refusal everything leased so far is given back. A step is one configuration handed to
 * one module.
 */
export function* buildService(plan: ServicePlan, pool: PluginPool): Steps<Result<ServiceLease>> {
  const builder = new ServiceBuilder(plan, pool);
  const built = yield* builder.build();
  if (built.ok) return ok({ service: built.value, release: () => builder.release() });
  builder.release();
  return built;
}

class ServiceBuilder {
  readonly #plan: ServicePlan;
  readonly #pool: PluginPool;
  readonly #leased: Plugin[] = [];
  readonly #served: { readonly plugin: Plugin; readonly digest: string }[] = [];
  /** Filters in order but for those that only log, then companions. */
  readonly #plugins: Plugin[] = [];
  readonly #byName = new Map<string, Plugin>();
  #released = false;

  constructor(plan: ServicePlan, pool: PluginPool) {
    this.#plan = plan;
    this.#pool = pool;
  }

  *build(): Steps<Result<HttpService>> {
    const { filters, loggers, hcm, listener, bufferBytesMax } = this.#plan;
    const logging: Plugin[] = [];
    for (const filter of filters) {
      const plugin = this.#lease(filter.plugin);
      if (!plugin.ok) return filter.path === null ? plugin : this.#refused(plugin, filter.path);
      yield;
      this.#byName.set(filter.name, plugin.value);
      if (plugin.value.onlyLogs) logging.push(plugin.value);
      else this.#plugins.push(plugin.value);
    }
    for (const [index, spec] of loggers.entries()) {
      const plugin = this.#lease(spec);
      if (!plugin.ok) return this.#refused(plugin, `accessLog[${index}].typedConfig`);
      logging.push(plugin.value);
    }
    const roadLength = this.#plugins.length;
    const routerAt = this.#plugins.findIndex((plugin) => plugin.has.onRoute);
    const routes = yield* this.#buildRoutes(routerAt);
    if (!routes.ok) return routes;
    const chain = { plugins: this.#plugins, roadLength, routerAt, loggers: logging };
    const authority = {
      stripPort: hcm.stripPort,
      stripTrailingDot: hcm.stripTrailingDot,
      listenerPort: listener.port,
    };
    return ok({ hcm, chain, routes: routes.value, listener, bufferBytesMax, authority });
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    for (const { plugin, digest } of this.#served) this.#pool.unserve(plugin, digest);
    for (const plugin of this.#leased) this.#pool.release(plugin);
  }

  #refused(refusal: { readonly error: Problem }, path: string): Result<never> {
    return fail(problemWithin(refusal.error, inside(this.#plan.place, path)));
  }

  #lease(spec: PluginSpec): Result<Plugin> {
    const plugin = this.#pool.lease(spec);
    if (plugin.ok) this.#leased.push(plugin.value);
    return plugin;
  }

  #serve(plugin: Plugin, digest: string, json: string): Result<number> {
    const id = this.#pool.serve(plugin, { digest, json });
    if (id.ok) this.#served.push({ plugin, digest });
    return id;
  }

  *#buildRoutes(routerAt: number): Steps<Result<RouteTable>> {
    const { routes, routesPlace } = this.#plan;
    const scoped = yield* this.#deliverParts();
    if (!scoped.ok) return scoped;
    const router = this.#plugins[routerAt];
    if (router === undefined) return ok({ name: routes.name, configId: 0, virtualHosts: [] });
    const hosts = virtualHostsOf(routes.json);
    const references: JsonObject[] = [];
    for (const [index, host] of hosts.entries()) {
      const json = JSON.stringify({ '@type': VIRTUAL_HOST, ...host });
      const id = this.#serve(router, routes.virtualHostDigests[index], json);
      if (!id.ok) return fail(problemWithin(id.error, inside(routesPlace, hostPath(index))));
      references.push({ configId: id.value });
      yield;
    }
    const whole = { '@type': ROUTE_CONFIGURATION, ...routes.json, virtualHosts: references };
    const configId = this.#serve(router, routes.digest, JSON.stringify(whole));
    if (!configId.ok) return fail(problemWithin(configId.error, routesPlace));
    const virtualHosts = hosts.map((host, index) => ({
      name: typeof host['name'] === 'string' ? host['name'] : '',
      metadata: objectAt(objectAt(host, 'metadata'), 'filterMetadata'),
      routes: routesOf(host).map((route, at) =>
        routeEntry(route, scoped.value.at(index, at, this.#plugins.length)),
      ),
    }));
    return ok({ name: routes.name, configId: configId.value, virtualHosts });
  }

  *#deliverParts(): Steps<Result<ScopedParts>> {
    const scoped = new ScopedParts();
    for (const part of this.#plan.routes.parts) {
      const place = this.#placeOf(part);
      if (!place.ok) return place;
      if (place.value < 0) continue;
      const plugin = this.#plugins[place.value];
      const id = this.#serve(plugin, part.digest, part.json);
      if (!id.ok) {
        return fail(problemWithin(id.error, inside(this.#plan.routesPlace, pathOf(part))));
      }
      scoped.add(part, { place: place.value, configId: id.value });
      yield;
    }
    return ok(scoped);
  }

  /** Where in the chain the part's module stands; a module that is not there joins as companion. */
  #placeOf(part: ServedPart): Result<number> {
    if (part.filterName !== null) {
      const named = this.#byName.get(part.filterName);
      if (named === undefined) return ok(-1);
      const place = this.#plugins.indexOf(named);
      return place < 0 ? fail(onlyLogs(named)) : ok(place);
    }
    const known = this.#plugins.findIndex((plugin) => plugin.key === part.companion.key);
    if (known >= 0) return ok(known);
    const plugin = this.#lease(part.companion);
    if (!plugin.ok) return plugin;
    return ok(this.#plugins.push(plugin.value) - 1);
  }
}

/** Scoped configurations by virtual host and route; the most specific one of a place wins. */
class ScopedParts {
  readonly #entries: { readonly part: ServedPart; readonly config: ScopedConfig }[] = [];

  add(part: ServedPart, config: ScopedConfig): void {
    this.#entries.push({ part, config });
  }

  at(virtualHost: number, route: number, places: number): readonly ScopedConfig[] {
    const best = new Array<{ rank: number; config: ScopedConfig } | undefined>(places);
    for (const { part, config } of this.#entries) {
      if (part.virtualHost !== -1 && part.virtualHost !== virtualHost) continue;
      if (part.route !== -1 && part.route !== route) continue;
      const rank = part.virtualHost === -1 ? 0 : part.route === -1 ? 1 : 2;
      const known = best[config.place];
      if (known === undefined || rank >= known.rank) best[config.place] = { rank, config };
    }
    return best.flatMap((entry) => (entry === undefined ? [] : [entry.config]));
  }
}

function onlyLogs({ name }: Plugin): Problem {
  const message = `${name} only logs: it takes no configuration of a route`;
  return { level: 'error', code: 'LAT0315', message, origin: { resource: name } };
}

const VIRTUAL_HOST = 'type.googleapis.com/envoy.config.route.v3.VirtualHost';
const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';

function virtualHostsOf(routes: JsonObject): readonly JsonObject[] {
  const hosts = routes['virtualHosts'];
  return Array.isArray(hosts) ? hosts.filter(isJsonObject) : [];
}

function routesOf(host: JsonObject): readonly JsonObject[] {
  const routes = host['routes'];
  return Array.isArray(routes) ? routes.filter(isJsonObject) : [];
}

function pathOf(part: ServedPart): string {
  const host = part.virtualHost < 0 ? '' : hostPath(part.virtualHost);
  const route = part.route < 0 ? '' : `.routes[${part.route}]`;
  const filter = part.filterName === null ? '' : `.typed_per_filter_config[${part.filterName}]`;
  return `${host}${route}${filter}`;
}

function hostPath(index: number): string {
  return `virtual_hosts[${index}]`;
}
