import type { JsonObject } from '@lateen/sdk/base/json';
import { JsonReader } from '@lateen/sdk/base/json-reader';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import type { Outcome } from '@lateen/sdk/base/result';
import { addressText, readAddress, type SocketAddress } from './address.ts';
import {
  type ChainTable,
  compileChainTable,
  type FilterChainMatch,
  MATCH_ALL,
} from './filter-chain-match.ts';
import { readChainMatch } from './read-chain-match.ts';
import type { SniffFor } from './sniff.ts';

/** `envoy.config.listener.v3.Listener`, as far as we serve it; never changed once made. */
export interface ListenerConfig {
  readonly name: string;
  /** The first is `address`, the rest are `additional_addresses`. */
  readonly addresses: readonly SocketAddress[];
  /** False: no socket. */
  readonly bindToPort: boolean;
  /** Soft limit of what is buffered per connection and direction. */
  readonly bufferBytesMax: number;
  /** Length of the kernel's accept queue. */
  readonly backlog: number;
  readonly direction: TrafficDirection;
  /** `listener.<statPrefix>.downstream_cx_total`. */
  readonly statPrefix: string;
  readonly listenerFilters: readonly ListenerFilter[];
  /** What must be known of the first bytes to choose a chain; null = nothing. */
  readonly sniffFor: SniffFor | null;
  /** 0 = none. */
  readonly listenerFiltersTimeoutMs: number;
  readonly continueOnListenerFiltersTimeout: boolean;
  readonly chains: readonly FilterChainConfig[];
  readonly defaultChain: FilterChainConfig | null;
  readonly chainTable: ChainTable;
  /** `filter_metadata` (canonical JSON). */
  readonly metadata: JsonObject;
}

export type TrafficDirection = 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';

export type ListenerFilter = 'tls_inspector' | 'http_inspector' | 'original_dst';

/** One filter chain: what it matches, and the HTTP connection manager behind it. */
export interface FilterChainConfig {
  readonly name: string;
  readonly match: FilterChainMatch;
  /** Canonical JSON of the HttpConnectionManager, untouched. */
  readonly hcm: JsonObject;
  /** Field path of `hcm` in the listener, for problems found in it. */
  readonly hcmPath: string;
  readonly metadata: JsonObject;
}

export const DEFAULT_BUFFER_BYTES_MAX = 1024 * 1024;
export const DEFAULT_BACKLOG = 4096;
const DEFAULT_LISTENER_FILTERS_TIMEOUT_MS = 15_000;

const HCM_TYPE =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const RAW_BUFFER_TYPE =
  'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';
const LISTENER_FILTER_PREFIX = 'type.googleapis.com/envoy.extensions.filters.listener.';
const LISTENER_FILTERS: readonly ListenerFilter[] = [
  'tls_inspector',
  'http_inspector',
  'original_dst',
];

/** What tunes a listener without changing what it does with a request. */
const WITHOUT_EFFECT = [
  'drainType',
  'enableReusePort',
  'reusePort',
  'tcpFastOpenQueueLength',
  'connectionBalanceConfig',
  'enableMptcp',
  'maxConnectionsToAcceptPerSocketEvent',
  'ignoreGlobalConnLimit',
  'bypassOverloadManager',
];

/**
 * Parses the canonical JSON of a Listener. The value is null where any problem is an error: a
 * listener is taken whole or not at all.
 */
export function parseListener(json: JsonObject): Outcome<ListenerConfig | null> {
  const problems: Problem[] = [];
  const name = typeof json['name'] === 'string' ? json['name'] : '';
  const reader = new JsonReader(json, { resource: `Listener ${name}`, problems });
  const addresses = readAddresses(reader);
  const chains = reader.objects('filterChains').map((chain) => readChain(chain, chain.path));
  const defaultChain = reader.has('defaultFilterChain')
    ? readChain(reader.object('defaultFilterChain'), 'defaultFilterChain')
    : null;
  if (chains.length === 0 && defaultChain === null) {
    reader.error('at least one filter chain is required', 'filterChains');
  }
  const chainTable = compileChainTable(chains.map((chain) => chain.match));
  for (const [first, second] of chainTable.duplicates) {
    reader.error(`matches exactly what filterChains[${first}] matches`, `filterChains[${second}]`);
  }
  const listenerFilters = readListenerFilters(reader);
  const value: ListenerConfig = {
    ...readSettings(reader),
    name: name === '' ? addresses.map(addressText).join(',') : name,
    addresses,
    statPrefix: readStatPrefix(reader, addresses),
    listenerFilters,
    sniffFor: sniffFor(chains, listenerFilters),
    chains,
    defaultChain,
    chainTable,
  };
  reader.ignore('name');
  for (const field of WITHOUT_EFFECT) {
    if (reader.has(field)) reader.problem('warning', 'LAT0602', 'has no effect here', field);
    reader.ignore(field);
  }
  reader.refuseUnread();
  return { value: hasErrors(problems) ? null : value, problems };
}

/**
 * A listener looks at first bytes only if its chains differ by what they show. As Envoy does, it
 * looks for TLS even where nobody configured `tls_inspector`.
 */
function sniffFor(
  chains: readonly FilterChainConfig[],
  filters: readonly ListenerFilter[],
): SniffFor | null {
  const matches = chains.map((chain) => chain.match);
  const byProtocol = matches.some((match) => match.applicationProtocols.length > 0);
  const byTls = matches.some((match) => {
    return match.serverNames.length > 0 || match.transportProtocol !== '';
  });
  if (!byProtocol && !byTls) return null;
  return { tls: true, http: byProtocol && filters.includes('http_inspector') };
}

function readSettings(
  reader: JsonReader,
): Pick<
  ListenerConfig,
  | 'bindToPort'
  | 'bufferBytesMax'
  | 'backlog'
  | 'direction'
  | 'listenerFiltersTimeoutMs'
  | 'continueOnListenerFiltersTimeout'
  | 'metadata'
> {
  return {
    bindToPort: readBindToPort(reader),
    bufferBytesMax: reader.number('perConnectionBufferLimitBytes', DEFAULT_BUFFER_BYTES_MAX),
    backlog: reader.number('tcpBacklogSize', DEFAULT_BACKLOG),
    direction: readDirection(reader),
    listenerFiltersTimeoutMs: reader.durationMs(
      'listenerFiltersTimeout',
      DEFAULT_LISTENER_FILTERS_TIMEOUT_MS,
    ),
    continueOnListenerFiltersTimeout: reader.boolean('continueOnListenerFiltersTimeout'),
    metadata: filterMetadata(reader),
  };
}

/** Connections that were redirected to us are not handed on to the listener they were meant for. */
function readBindToPort(reader: JsonReader): boolean {
  if (reader.boolean('useOriginalDst')) reader.error('is not supported yet', 'useOriginalDst');
  const bind = reader.boolean('bindToPort', true);
  if (!bind) {
    const message = 'a listener without a port gets no connections yet';
    reader.problem('warning', 'LAT0602', message, 'bindToPort');
  }
  return bind && reader.object('deprecatedV1').boolean('bindToPort', true);
}

function readDirection(reader: JsonReader): TrafficDirection {
  const text = reader.string('trafficDirection');
  return text === 'INBOUND' || text === 'OUTBOUND' ? text : 'UNSPECIFIED';
}

function readAddresses(reader: JsonReader): readonly SocketAddress[] {
  const first = readAddress(reader.object('address'), 'ip-only');
  const more = reader.objects('additionalAddresses').map((item) => {
    const address = readAddress(item.object('address'), 'ip-only');
    item.refuseUnread();
    return address;
  });
  return [first, ...more].filter((address) => address !== null);
}

function readStatPrefix(reader: JsonReader, addresses: readonly SocketAddress[]): string {
  const given = reader.string('statPrefix');
  if (given !== '' || addresses.length === 0) return given;
  return addressText(addresses[0]).replaceAll(':', '_');
}

function readListenerFilters(reader: JsonReader): readonly ListenerFilter[] {
  return reader.objects('listenerFilters').flatMap((filter) => {
    const type = filter.object('typedConfig').string('@type');
    const known = LISTENER_FILTERS.find((name) => {
      return type.startsWith(`${LISTENER_FILTER_PREFIX}${name}.`);
    });
    if (known === undefined) {
      filter.error(`listener filter ${filter.string('name')} (${type}) is not supported`);
      return [];
    }
    if (known === 'original_dst') {
      filter.problem('warning', 'LAT0602', 'has no effect yet: connections are not redirected');
    }
    filter.ignore('name');
    // A filter that is off for some connections would sort them into other chains.
    filter.refuseUnread();
    return [known];
  });
}

function readChain(reader: JsonReader, path: string): FilterChainConfig {
  const match = reader.has('filterChainMatch')
    ? readChainMatch(reader.object('filterChainMatch'))
    : MATCH_ALL;
  readTransportSocket(reader);
  const filters = reader.objects('filters');
  let hcm: JsonObject = {};
  if (filters.length === 0) reader.error('needs an HTTP connection manager', 'filters');
  filters.forEach((filter, index) => {
    const type = filter.object('typedConfig').string('@type');
    if (type !== HCM_TYPE) {
      filter.error(`network filter ${filter.string('name')} (${type}) is not supported`);
    } else if (index < filters.length - 1) {
      filter.error('an HTTP connection manager must be the last filter of its chain');
    }
    hcm = filter.object('typedConfig').json;
    filter.ignore('name');
    filter.refuseUnread();
  });
  const chain: FilterChainConfig = {
    name: reader.string('name'),
    match,
    hcm,
    hcmPath: `${path}.filters[${filters.length - 1}].typedConfig`,
    metadata: filterMetadata(reader),
  };
  // Only TLS has a handshake to wait for.
  reader.ignore('transportSocketConnectTimeout');
  reader.refuseUnread();
  return chain;
}

/** Cleartext is all we speak until there are identities. */
function readTransportSocket(reader: JsonReader): void {
  if (!reader.has('transportSocket')) return;
  const socket = reader.object('transportSocket');
  const type = socket.object('typedConfig').string('@type');
  if (type !== RAW_BUFFER_TYPE && socket.string('name') !== 'envoy.transport_sockets.raw_buffer') {
    reader.error(
      `transport socket ${socket.string('name')} is not supported yet: only cleartext listeners`,
      'transportSocket',
    );
  }
}

function filterMetadata(reader: JsonReader): JsonObject {
  return reader.object('metadata').object('filterMetadata').json;
}
