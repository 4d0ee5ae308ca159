import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import type { Result } from '@lateen/sdk/base/result';
import type { HistoryEvent } from '../status/history.ts';
import type { ProxyStatus } from '../status/proxy-status.ts';
import type { ResourceStatus } from '../status/resource-status.ts';

export interface ObjectName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface AppliedObject extends ObjectName {
  readonly change: 'created' | 'configured' | 'unchanged';
}

export interface ApplyOutcome {
  /** Empty where `problems` has an error: all of a text is taken, or nothing. */
  readonly applied: readonly AppliedObject[];
  readonly problems: readonly Problem[];
  /** The revision that has the change; wait for it with `sync`. */
  readonly revision: number;
}

export interface SyncStatus {
  /** Counts every rebuild of the configuration. */
  readonly revision: number;
  /** The last revision that went out to every connected proxy. */
  readonly pushed: number;
  readonly proxies: number;
  readonly synced: number;
  readonly refusing: readonly string[];
}

export interface PlaneInfo {
  readonly version: string;
  readonly pid: number;
  readonly admin: string;
  readonly ads: string;
  readonly watching: readonly string[];
  readonly store: string;
  readonly startedAt: number;
}

/** What one proxy was given, by short type name (CDS, ...) and resource name. */
export type ProxyConfigView = Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;

/** What the API needs of the control plane; no HTTP in it. */
export interface AdminBackend {
  info(): PlaneInfo;
  sync(): SyncStatus;
  resources(): readonly ResourceStatus[];
  problems(): readonly Problem[];
  proxies(): readonly ProxyStatus[];
  /** By full node id or by `workload.namespace`. */
  proxyConfig(name: string): ProxyConfigView | undefined;
  history(): readonly HistoryEvent[];
  apply(input: { file: string; text: string; dryRun: boolean }): Promise<ApplyOutcome>;
  delete(name: ObjectName): Promise<Result<{ deleted: boolean; revision: number }>>;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
  module(digest: string): Promise<Uint8Array | undefined>;
}
