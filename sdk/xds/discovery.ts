import type { JsonObject } from '../base/json.ts';
import type { PackedMessage } from './registry.ts';

/**
 * The messages of the discovery protocol as both of its sides see them. Resources stay packed: a
 * server encodes one once and sends the same bytes to every proxy, a client decodes one by one.
 */

/** The error of a NACK; `message` tells each bad resource and why. */
export interface ErrorDetail {
  /** google.rpc.Code; 3 = INVALID_ARGUMENT. */
  readonly code: number;
  readonly message: string;
}

export interface DiscoveryRequest {
  readonly versionInfo: string;
  /** Canonical JSON of core.v3.Node; null after the first request of a stream. */
  readonly node: JsonObject | null;
  readonly resourceNames: readonly string[];
  readonly typeUrl: string;
  readonly responseNonce: string;
  readonly errorDetail: ErrorDetail | null;
}

export interface DiscoveryResponse {
  readonly versionInfo: string;
  readonly resources: readonly PackedMessage[];
  readonly typeUrl: string;
  readonly nonce: string;
  /** The server's name, for humans; empty = not told. */
  readonly controlPlane: string;
}

export interface DeltaDiscoveryRequest {
  readonly node: JsonObject | null;
  readonly typeUrl: string;
  readonly resourceNamesSubscribe: readonly string[];
  readonly resourceNamesUnsubscribe: readonly string[];
  /** What the client still holds; only in the first request for a type on a stream. */
  readonly initialResourceVersions: Readonly<Record<string, string>>;
  readonly responseNonce: string;
  readonly errorDetail: ErrorDetail | null;
}

export interface DeltaDiscoveryResponse {
  readonly systemVersionInfo: string;
  readonly resources: readonly DeltaResource[];
  readonly typeUrl: string;
  readonly removedResources: readonly string[];
  readonly nonce: string;
  readonly controlPlane: string;
}

export interface DeltaResource {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly version: string;
  /** null = heartbeat: the version is what the client has. */
  readonly resource: PackedMessage | null;
  /** Milliseconds; 0 = none. */
  readonly ttlMs: number;
}
