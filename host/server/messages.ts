import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import type { PluginState } from '../admin/wasm-page.ts';
import type { PluginSpec } from '../filter/plugin-pool.ts';
import type { ListenTicket } from '../net/listening-socket.ts';
import type { LogThresholds } from '../observe/log.ts';
import type { FilterMessage, RouteMessage } from '../stream/build-service.ts';
import type { ClusterStatus } from '../upstream/cluster-status.ts';
import type { CompiledModule } from '../wasm/compiled-module.ts';

/** What the main thread and a worker say to each other; plain data only. */

/** One filter chain of a listener with its modules resolved. */
export interface ChainMessage {
  /** Canonical JSON of the HttpConnectionManager. */
  readonly hcm: JsonObject;
  readonly filters: readonly FilterMessage[];
  readonly loggers: readonly PluginSpec[];
  /** The RDS resource, or null where `routes` stands inline. */
  readonly rdsName: string | null;
  readonly routes: RouteMessage | null;
}

export interface ListenerMessage {
  readonly name: string;
  /** Canonical JSON of the Listener. */
  readonly json: JsonObject;
  /** In the order of `filter_chains`; the default chain comes last where there is one. */
  readonly chains: readonly ChainMessage[];
}

/** A change of configuration, complete in itself: what to set and what to remove, by name. */
export interface ChangeMessage {
  readonly modules: readonly CompiledModule[];
  readonly listeners: readonly ListenerMessage[];
  readonly removedListeners: readonly string[];
  readonly routes: readonly RouteMessage[];
  readonly removedRoutes: readonly string[];
  /** Canonical JSON of Cluster. */
  readonly clusters: readonly JsonObject[];
  readonly removedClusters: readonly string[];
  /** Canonical JSON of ClusterLoadAssignment. */
  readonly assignments: readonly JsonObject[];
}

/** Main thread to worker. */
export type ToWorker =
  | { readonly kind: 'prepare'; readonly change: number; readonly message: ChangeMessage }
  | {
      readonly kind: 'commit';
      readonly change: number;
      /** A ticket for each address of each listener that the worker does not listen on yet. */
      readonly tickets: readonly ListenerTickets[];
    }
  | { readonly kind: 'discard'; readonly change: number }
  | { readonly kind: 'inspect'; readonly request: number }
  | { readonly kind: 'drain'; readonly inboundOnly: boolean }
  | { readonly kind: 'log-thresholds'; readonly thresholds: LogThresholds }
  | { readonly kind: 'reopen-logs' }
  /** Answers under way may go out for so long. */
  | { readonly kind: 'stop'; readonly graceMs: number };

export interface ListenerTickets {
  readonly name: string;
  readonly tickets: readonly ListenTicket[];
}

/** Worker to main thread. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'prepared'; readonly change: number; readonly problems: readonly Problem[] }
  | { readonly kind: 'committed'; readonly change: number; readonly problems: readonly Problem[] }
  | { readonly kind: 'inspected'; readonly request: number; readonly state: WorkerState }
  | { readonly kind: 'stopped' };

/** What the admin shows of one worker. */
export interface WorkerState {
  readonly clusters: readonly ClusterStatus[];
  readonly connections: number;
  readonly streams: number;
  readonly plugins: readonly PluginState[];
}
