import type { DescMessage } from '@bufbuild/protobuf';
import type { JsonObject } from '@lateen/sdk/base/json';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { PluginSpec } from '../filter/plugin-pool.ts';
import { type FilterChainConfig, parseListener } from '../net/listener-config.ts';
import type { FilterMessage, RouteMessage } from '../stream/build-service.ts';
import { type FieldPlace, inside, problemWithin } from '../stream/field-place.ts';
import { type HcmConfig, type HttpFilterConfig, parseHcm } from '../stream/hcm-config.ts';
import type { ModuleCatalog } from './catalog.ts';
import type { ChainMessage, ListenerMessage } from './messages.ts';
import { chainsOf } from './runtime.ts';
import { takeApart } from './served-parts.ts';

const ACCESS_LOG = 'type.googleapis.com/envoy.config.accesslog.v3.AccessLog';
const WASM = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';

/** Turns a Wasm filter's configuration into a plugin; its module is fetched and compiled here. */
export type ResolveWasm = (name: string, config: JsonObject) => Promise<Result<PluginSpec>>;

export interface ResolverOptions {
  readonly catalog: ModuleCatalog;
  readonly descriptors: { getMessage(typeName: string): DescMessage | undefined };
  readonly resolveWasm: ResolveWasm;
  /** The `typed_config` of a TypedExtensionConfig (ECDS); undefined while it has not come. */
  readonly extension: (name: string) => JsonObject | undefined;
}

/** Finds for every filter, access log and route message of a listener the module that serves it. */
export class Resolver {
  readonly #options: ResolverOptions;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  async listener(json: JsonObject): Promise<Result<ListenerMessage, readonly Problem[]>> {
    const parsed = parseListener(json);
    const config = parsed.value;
    if (config === null) return fail(parsed.problems);
    const chains: ChainMessage[] = [];
    for (const chain of chainsOf(config)) {
      const resolved = await this.#chain(chain, config.name);
      if (!resolved.ok) return resolved;
      chains.push(resolved.value);
    }
    return ok({ name: config.name, json, chains });
  }

  routes(json: JsonObject): Result<RouteMessage, readonly Problem[]> {
    const { catalog, descriptors } = this.#options;
    const apart = takeApart(json, descriptors, (typeUrl) => catalog.companion(typeUrl));
    return hasErrors(apart.problems) ? fail(apart.problems) : ok(apart.value);
  }

  /** Names of the extension configurations that a listener waits for. */
  extensionsOf(listener: JsonObject): readonly string[] {
    const config = parseListener(listener).value;
    if (config === null) return [];
    return chainsOf(config).flatMap((chain) =>
      parseHcm(chain.hcm, config.name).value.httpFilters.flatMap((filter) =>
        filter.discovery === null ? [] : [filter.discovery],
      ),
    );
  }

  async #chain(
    chain: FilterChainConfig,
    listener: string,
  ): Promise<Result<ChainMessage, readonly Problem[]>> {
    const place: FieldPlace = { resource: `Listener ${listener}`, path: chain.hcmPath };
    const parsed = parseHcm(chain.hcm, place.resource, place.path);
    if (hasErrors(parsed.problems)) return fail(parsed.problems);
    const hcm = parsed.value;
    const filters = await this.#filters(hcm.httpFilters, place);
    if (!filters.ok) return filters;
    const loggers = this.#loggers(hcm, place);
    if (!loggers.ok) return loggers;
    const routes = hcm.routeConfig === null ? ok(null) : this.routes(hcm.routeConfig);
    if (!routes.ok) {
      return fail(routes.error.map((each) => problemWithin(each, inside(place, 'routeConfig'))));
    }
    return ok({
      hcm: chain.hcm,
      filters: filters.value,
      loggers: loggers.value,
      rdsName: hcm.rdsName,
      routes: routes.value,
    });
  }

  async #filters(
    configs: readonly HttpFilterConfig[],
    place: FieldPlace,
  ): Promise<Result<readonly FilterMessage[], readonly Problem[]>> {
    const filters: FilterMessage[] = [];
    for (const [index, config] of configs.entries()) {
      if (config.disabled) continue;
      const plugin = await this.#plugin(config);
      const path = config.discovery === null ? `httpFilters[${index}].typedConfig` : null;
      if (!plugin.ok) {
        const field = path ?? `httpFilters[${index}].configDiscovery`;
        return fail([problemWithin(plugin.error, inside(place, field))]);
      }
      filters.push({ name: config.name, plugin: plugin.value, path });
    }
    return ok(filters);
  }

  #plugin(config: HttpFilterConfig): Promise<Result<PluginSpec>> | Result<PluginSpec> {
    const { catalog, resolveWasm, extension } = this.#options;
    const typed =
      config.discovery === null ? config.typedConfig : (extension(config.discovery) ?? null);
    if (typed === null) return fail(missingExtension(config));
    if (typed['@type'] === WASM) return resolveWasm(config.name, typed);
    return catalog.plugin(config.name, typed);
  }

  #loggers(hcm: HcmConfig, place: FieldPlace): Result<readonly PluginSpec[], readonly Problem[]> {
    const loggers: PluginSpec[] = [];
    for (const [index, log] of hcm.accessLogs.entries()) {
      const name = typeof log['name'] === 'string' ? log['name'] : 'access_log';
      const plugin = this.#options.catalog.plugin(name, { '@type': ACCESS_LOG, ...log });
      if (!plugin.ok) {
        return fail([problemWithin(plugin.error, inside(place, `accessLog[${index}]`))]);
      }
      loggers.push(plugin.value);
    }
    return ok(loggers);
  }
}

function missingExtension(config: HttpFilterConfig): Problem {
  return {
    level: 'error',
    code: 'LAT0313',
    message: `extension configuration ${config.discovery ?? config.name} has not arrived`,
    origin: { path: 'config_discovery' },
  };
}
