import type { JsonObject } from '@lateen/sdk/base/json';
import { HTTP_CONNECTION_MANAGER, LISTENER } from '@lateen/sdk/xds/type-urls';
import type { MeshSettings } from '../mesh/settings.ts';
import { accessLogs } from './access-log.ts';
import { chainOrigins, type FilterInput, httpFilters } from './http-filters.ts';
import { compact, FROM_ADS, socketAddress, typed, unlessEmpty } from './json.ts';
import type { ListenerSide } from './wasm.ts';

/** Where a connection manager gets its routes: by name over RDS, or with itself. */
export type RouteSource = { readonly rds: string } | { readonly inline: JsonObject };

/** What a chain of HTTP filters is made of. */
export interface HttpChainInput {
  /** In statistics. */
  readonly name: string;
  readonly side: ListenerSide;
  readonly routes: RouteSource;
  readonly filters: FilterInput;
  readonly settings: MeshSettings;
}

export interface HttpListenerInput extends HttpChainInput {
  readonly address: string;
  /** The port that is opened. */
  readonly port: number;
  /** Where the listener is written; stands in its metadata. */
  readonly origin: JsonObject;
}

/** A listener with one HTTP filter chain. */
export function httpListener(input: HttpListenerInput): JsonObject {
  return typed(LISTENER, {
    name: input.name,
    address: socketAddress(input.address, input.port),
    filterChains: [httpFilterChain(input)],
    trafficDirection: input.side.side === 'inbound' ? 'INBOUND' : 'OUTBOUND',
    metadata: {
      filterMetadata: {
        lateen: { ...input.origin, ...chainOrigins(input.filters, input.side) },
      },
    },
  });
}

/** The one network filter that every chain here has. */
export function httpFilterChain(input: HttpChainInput): JsonObject {
  return {
    filters: [
      {
        name: 'envoy.filters.network.http_connection_manager',
        typedConfig: connectionManager(input),
      },
    ],
  };
}

function connectionManager(input: HttpChainInput): JsonObject {
  const { side } = input.side;
  const gateway = side === 'gateway';
  const prefix = side === 'inbound' ? 'inbound' : 'outbound';
  return typed(
    HTTP_CONNECTION_MANAGER,
    compact({
      statPrefix: `${prefix}_${input.name}`,
      ...('rds' in input.routes
        ? { rds: { configSource: FROM_ADS, routeConfigName: input.routes.rds } }
        : { routeConfig: input.routes.inline }),
      httpFilters: httpFilters(input.filters, input.side),
      accessLog: unlessEmpty(accessLogs(input.settings)),
      serverName: 'istio-envoy',
      serverHeaderTransformation: side === 'outbound' ? 'PASS_THROUGH' : undefined,
      streamIdleTimeout: '0s',
      useRemoteAddress: gateway,
      forwardClientCertDetails:
        side === 'inbound' ? 'APPEND_FORWARD' : gateway ? 'SANITIZE_SET' : undefined,
      ...pathOptions(input.settings),
    }),
  );
}

/** MeshConfig's pathNormalization, in Envoy's words. */
function pathOptions({ pathNormalization: level }: MeshSettings): JsonObject {
  if (level === 'NONE') return {};
  const merge = level === 'MERGE_SLASHES' || level === 'DECODE_AND_MERGE_SLASHES';
  return compact({
    normalizePath: true,
    mergeSlashes: merge ? true : undefined,
    pathWithEscapedSlashesAction:
      level === 'DECODE_AND_MERGE_SLASHES' ? 'UNESCAPE_AND_FORWARD' : undefined,
  });
}
