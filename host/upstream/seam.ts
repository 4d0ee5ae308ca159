import type { JsonObject } from '@lateen/sdk/base/json';
import type { MessageReceiver, MessageWriter } from '../http/codec.ts';

/** What the stream asks of the upstream side, and what it hears back. */

export interface ClusterSet {
  get(name: string): Cluster | undefined;
}

/** A cluster as the stream sees it; one object lives across endpoint updates. */
export interface Cluster {
  readonly name: string;
  /** `Cluster.metadata.filter_metadata` (canonical JSON); properties show it. */
  readonly metadata: JsonObject;
  /** Endpoints known now. */
  readonly endpointCount: number;
  /**
   * Chooses a host and a connection for one attempt. Exactly one of `onReady` and `onPoolFailure`
   * is called, possibly before `open` returns (an idle connection; no healthy host).
   */
  open(wish: AttemptRequest, receiver: AttemptReceiver): AttemptHandle;
}

export interface AttemptRequest {
  /** 32-bit hash for consistent balancers; null = none. */
  readonly hash: number | null;
  /** Hosts tried before, to be avoided. */
  readonly avoid: readonly Host[];
  /** How often a host may be drawn again to avoid those; 0 = take what comes. */
  readonly hostAttempts: number;
  /** True from the second attempt on: counts against the circuit breaker for retries. */
  readonly retry?: boolean;
}

export interface AttemptReceiver extends MessageReceiver {
  /** A connection is there: the request may be written. `reused`: it served others before. */
  onReady(writer: MessageWriter, host: Host, connection: UpstreamConnection): void;
  onPoolFailure(failure: PoolFailure, detail: string, host: Host | null): void;
}

export interface AttemptHandle {
  /** Gives up the attempt in whatever state it is; nothing is called afterwards. */
  cancel(): void;
}

export type PoolFailure =
  | 'connect-failure'
  | 'connect-timeout'
  /** A circuit breaker is open (flag UO). */
  | 'overflow'
  /** No host, or none that is healthy (flag UH). */
  | 'no-healthy-host';

export interface Host {
  /** `10.0.0.1:9080`. */
  readonly address: string;
  readonly hostname: string;
  /** `LbEndpoint.metadata.filter_metadata`. */
  readonly metadata: JsonObject;
  /** `region/zone/sub-zone`, empty parts left out. */
  readonly locality: string;
}

export interface UpstreamConnection {
  readonly id: number;
  readonly localAddress: string;
  readonly reused: boolean;
  readonly tlsVersion: string;
}
