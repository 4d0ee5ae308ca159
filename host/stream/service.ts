import type { Clock, Random } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { FilterChain } from '../filter/service.ts';
import type { AuthorityOptions } from '../http/authority.ts';
import type { HeaderMapPool } from '../http/header-map-pool.ts';
import type { TimerWheel } from '../observe/timer-wheel.ts';
import type { ClusterSet } from '../upstream/seam.ts';
import type { HcmConfig } from './hcm-config.ts';
import type { RouteTable } from './route-table.ts';

/** All that one HTTP connection manager needs to serve a request; immutable, swapped whole. */
export interface HttpService {
  readonly hcm: HcmConfig;
  readonly chain: FilterChain;
  readonly routes: RouteTable;
  readonly listener: ListenerFacts;
  readonly bufferBytesMax: number;
  /** How `:authority` is brought into one form. */
  readonly authority: AuthorityOptions;
}

/** Listener and chain as properties show them. */
export interface ListenerFacts {
  readonly name: string;
  readonly filterChainName: string;
  /** Envoy's TrafficDirection: 0 unspecified, 1 inbound, 2 outbound. */
  readonly direction: number;
  readonly metadata: JsonObject;
  /** Of its first address. */
  readonly port: number;
}

/** What lives as long as the worker. */
export interface StreamServices {
  readonly clock: Clock;
  /** For limits that are nearly always cancelled. */
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly clusters: ClusterSet;
  /** The node of the bootstrap, canonical JSON. */
  readonly node: JsonObject;
  readonly requestIds: RequestIds;
  readonly maps: HeaderMapPool;
  readonly stats: StreamStats;
}

/** Writes one fresh request id (36 bytes of a UUID v4) and returns the bytes, valid until the next. */
export interface RequestIds {
  next(): Uint8Array;
}

/** Counters of a connection manager; slots resolved by the worker. */
export interface StreamStats {
  started(statPrefix: string): void;
  finished(statPrefix: string, status: number, durationMs: number): void;
}
