import type { JsonObject } from '@lateen/sdk/base/json';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DeltaResource,
} from '@lateen/sdk/xds/discovery';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import { decodeResources, type PackedResource } from './decode-resources.ts';
import {
  type DiscoveryHandler,
  type DiscoverySession,
  type Interest,
  nackDetail,
} from './discovery-types.ts';
import type { TimeToLive } from './time-to-live.ts';

export interface SessionOptions<Request> {
  readonly registry: XdsRegistry;
  /** Canonical JSON of core.v3.Node; sent once in each stream. */
  readonly node: JsonObject;
  readonly handler: DiscoveryHandler;
  readonly send: (request: Request) => void;
}

interface TypeState {
  /** Names asked for on this stream; null = all of them. */
  names: ReadonlySet<string> | null;
}

/** The incremental protocol on one stream. */
export class DeltaSession implements DiscoverySession<DeltaDiscoveryResponse> {
  readonly #options: SessionOptions<DeltaDiscoveryRequest>;
  readonly #ttl: TimeToLive;
  readonly #types = new Map<string, TypeState>();
  #nodeSent = false;

  constructor(options: SessionOptions<DeltaDiscoveryRequest>, ttl: TimeToLive) {
    this.#options = options;
    this.#ttl = ttl;
  }

  ask(typeUrl: string, interest: Interest): void {
    const names = interest.kind === 'all' ? null : interest.names;
    const state = this.#types.get(typeUrl);
    if (state === undefined) {
      if (names !== null && names.size === 0) return;
      this.#types.set(typeUrl, { names });
      const held = this.#options.handler.held(typeUrl);
      this.#send(typeUrl, {
        resourceNamesSubscribe: [...(names ?? [])],
        initialResourceVersions: Object.fromEntries(held),
      });
      return;
    }
    const before = state.names;
    if (names === null || before === null) return;
    state.names = names;
    const added = [...names].filter((name) => !before.has(name));
    const dropped = [...before].filter((name) => !names.has(name));
    if (added.length + dropped.length === 0) return;
    this.#send(typeUrl, { resourceNamesSubscribe: added, resourceNamesUnsubscribe: dropped });
  }

  onResponse(response: DeltaDiscoveryResponse): void {
    const { typeUrl, nonce } = response;
    // A type that nobody asked for says nothing to us; it is acknowledged so that none waits.
    if (!this.#types.has(typeUrl)) {
      this.#send(typeUrl, { responseNonce: nonce });
      return;
    }
    for (const resource of response.resources) {
      this.#ttl.renew(typeUrl, resource.name, resource.ttlMs);
    }
    const packed = response.resources.filter(hasBody).map(packedResource);
    const { set, problems } = decodeResources(this.#options.registry, typeUrl, packed);
    const update = { set, removed: response.removedResources, whole: false };
    void this.#options.handler.onUpdate(typeUrl, update).then((refused) => {
      const all = [...problems, ...refused];
      const errorDetail = all.length === 0 ? null : nackDetail(all);
      this.#send(typeUrl, { responseNonce: nonce, errorDetail });
    });
  }

  #send(typeUrl: string, request: Partial<DeltaDiscoveryRequest>): void {
    const node = this.#nodeSent ? null : this.#options.node;
    this.#nodeSent = true;
    this.#options.send({
      node,
      typeUrl,
      resourceNamesSubscribe: [],
      resourceNamesUnsubscribe: [],
      initialResourceVersions: {},
      responseNonce: '',
      errorDetail: null,
      ...request,
    });
  }
}

/** A heartbeat has none: it only renews the time to live. */
function hasBody(resource: DeltaResource): boolean {
  return resource.resource !== null;
}

function packedResource({ name, version, resource }: DeltaResource): PackedResource {
  return { name, version, packed: resource! };
}
