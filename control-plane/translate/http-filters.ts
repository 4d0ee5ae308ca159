import type { JsonObject } from '@lateen/sdk/base/json';
import { HTTP_FAULT, PEER_METADATA, ROUTER, STATS_PLUGIN } from '@lateen/sdk/xds/type-urls';
import { typed } from './json.ts';
import type { Authorization } from './rbac.ts';
import { FAULT_FILTER } from './routes.ts';
import {
  type ActiveExtension,
  extensionFilter,
  extensionOrigin,
  type ListenerSide,
  wantsListener,
} from './wasm.ts';

/** What a proxy's filter chains are made of. */
export interface FilterInput {
  readonly authorization: Authorization;
  readonly extensions: readonly ActiveExtension[];
}

/**
 * The HTTP filters of a listener in Istio's order: who is it, plugins that authenticate, plugins
 * that authorize, authorization, plugins that measure, all other plugins, faults, telemetry,
 * routing. Authorization judges what comes in, so outbound listeners have none.
 */
export function httpFilters(input: FilterInput, listener: ListenerSide): readonly JsonObject[] {
  const plugins = (phase: ActiveExtension['extension']['phase']): readonly JsonObject[] =>
    input.extensions
      .filter((item) => item.extension.phase === phase && wantsListener(item.extension, listener))
      .map(extensionFilter);
  const inbound = listener.side === 'inbound';
  const fault = { name: FAULT_FILTER, typedConfig: typed(HTTP_FAULT) };
  return [
    metadataExchange(listener),
    ...plugins('AUTHN'),
    ...plugins('AUTHZ'),
    ...(listener.side === 'outbound' ? [] : input.authorization.filters),
    ...plugins('STATS'),
    ...plugins('UNSPECIFIED'),
    ...(inbound ? [] : [fault]),
    stats(inbound),
    { name: 'envoy.filters.http.router', typedConfig: typed(ROUTER) },
  ];
}

/** Where the chain's policies and plugins are written, for a listener's metadata. */
export function chainOrigins(input: FilterInput, listener: ListenerSide): JsonObject {
  const plugins = input.extensions.filter((item) => wantsListener(item.extension, listener));
  const filters = Object.fromEntries(plugins.map(extensionOrigin));
  const policies = listener.side === 'outbound' ? {} : input.authorization.origins;
  return {
    ...(Object.keys(filters).length === 0 ? {} : { filters }),
    ...(Object.keys(policies).length === 0 ? {} : { policies }),
  };
}

/** Peers tell each other who they are in headers; what they don't tell, endpoints do. */
function metadataExchange({ side }: ListenerSide): JsonObject {
  const discovery = [{ istioHeaders: {} }, { workloadDiscovery: {} }];
  const propagation = [{ istioHeaders: {} }];
  const config =
    side === 'inbound'
      ? { downstreamDiscovery: discovery, downstreamPropagation: propagation }
      : { upstreamDiscovery: discovery, upstreamPropagation: propagation };
  return { name: 'istio.metadata_exchange', typedConfig: typed(PEER_METADATA, config) };
}

/** Inbound, the host header is the client's claim and names no destination. */
function stats(inbound: boolean): JsonObject {
  const config: JsonObject = inbound ? { disableHostHeaderFallback: true } : {};
  return { name: 'istio.stats', typedConfig: typed(STATS_PLUGIN, config) };
}
