import type { JsonObject } from '@lateen/sdk/base/json';
import type { LeveledLog, LogThresholds } from '../observe/log.ts';
import type { SeriesValue } from '../observe/metric-hub.ts';
import type { PluginState } from './wasm-page.ts';

/** Envoy's server states, in the order of their numbers in `server.state`. */
export const SERVER_STATES = ['LIVE', 'DRAINING', 'PRE_INITIALIZING', 'INITIALIZING'] as const;
export type ServerState = (typeof SERVER_STATES)[number];

export interface ListenerStatus {
  readonly name: string;
  readonly addresses: readonly SocketAddress[];
}

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

export interface DrainRequest {
  readonly inboundOnly: boolean;
  readonly graceful: boolean;
  readonly skipExit: boolean;
}

/** Everything the admin shows and does; the process behind it implements it. */
export interface AdminSource {
  readonly version: string;
  /** Canonical JSON of core.v3.Node. */
  readonly node: JsonObject;
  /** envoy.admin.v3.CommandLineOptions with the names of the .proto file. */
  readonly commandLine: JsonObject;
  /** Wall clock, ms. */
  readonly startedAt: number;
  state(): ServerState;
  /** Worker threads that serve, and how many there should be. */
  workers(): { readonly started: number; readonly configured: number };
  series(): readonly SeriesValue[];
  /** The page and its JSON form (envoy.admin.v3.Clusters). */
  clusters(): Promise<{ readonly text: string; readonly json: JsonObject }>;
  /** Wasm plugins by worker. */
  plugins(): Promise<readonly (readonly PluginState[])[]>;
  listeners(): readonly ListenerStatus[];
  /** Sections of the dump (messages of envoy.admin.v3), canonical JSON, not redacted. */
  configDump(): readonly JsonObject[];
  /** Names of resources that something waits for, by type. */
  initDump(): Readonly<Record<string, readonly string[]>>;
  readonly log: Pick<LeveledLog, 'thresholds' | 'components'>;
  /** Of every thread. */
  setLogThresholds(thresholds: LogThresholds): void;
  reopenLogs(): void;
  /** Makes `/ready` and health checks fail, or succeed again. */
  setHealthy(healthy: boolean): void;
  drainListeners(request: DrainRequest): void;
  quit(): void;
}
