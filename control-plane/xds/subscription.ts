import type { EncodedResource, ResourcesByName } from './snapshot.ts';

/** What a proxy asks for and says about one type, in either dialect of the protocol. */
export interface DiscoveryRequest {
  readonly typeUrl: string;
  readonly nonce: string;
  /** Set in a NACK: why the response was refused. */
  readonly refusal?: string;
  /** State of the world: the full list. */
  readonly names: readonly string[];
  /** Delta: what is new and what is no longer wanted. */
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Delta, first message of a stream: what the proxy still holds, name to version. */
  readonly held: ReadonlyMap<string, string>;
}

/** What has to be sent now. Nothing to send is `undefined` where a plan is expected. */
export interface Plan {
  readonly resources: readonly EncodedResource[];
  readonly removed: readonly string[];
}

/** What a request obliges us to. */
export interface Duty {
  /** An answer is due even when nothing changed. */
  readonly answer: boolean;
  /** These are sent again even when their version is unchanged. */
  readonly again: ReadonlySet<string>;
}

/** One type on one stream: who wants what, and what was sent. No I/O. */
export interface Subscription {
  readonly typeUrl: string;
  readonly wildcard: boolean;
  readonly nameCount: number;
  /** Takes a request in; `lastNonce` is the nonce of the last response of this type. */
  onRequest(request: DiscoveryRequest, lastNonce: string): Duty;
  /** What differs between what was sent and `available`; the caller sends all of it. */
  plan(available: ResourcesByName, duty: Duty): Plan | undefined;
}

export const NO_DUTY: Duty = { answer: false, again: new Set() };
