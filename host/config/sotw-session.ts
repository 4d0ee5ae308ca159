import type { DiscoveryRequest, DiscoveryResponse } from '@lateen/sdk/xds/discovery';
import { CLUSTER, LISTENER } from '@lateen/sdk/xds/type-urls';
import { decodeResources } from './decode-resources.ts';
import type { SessionOptions } from './delta-session.ts';
import { type DiscoverySession, type Interest, nackDetail } from './discovery-types.ts';

/** Types whose responses hold the whole world: what is missing is gone. */
const WHOLE_TYPES = new Set([CLUSTER, LISTENER]);

interface TypeState {
  names: readonly string[];
  nonce: string;
}

/** Last accepted `version_info` by type; outlives the stream. */
export type AcceptedVersions = Map<string, string>;

/** The state-of-the-world protocol on one stream. */
export class SotwSession implements DiscoverySession<DiscoveryResponse> {
  readonly #options: SessionOptions<DiscoveryRequest>;
  readonly #accepted: AcceptedVersions;
  readonly #types = new Map<string, TypeState>();
  #nodeSent = false;

  constructor(options: SessionOptions<DiscoveryRequest>, accepted: AcceptedVersions) {
    this.#options = options;
    this.#accepted = accepted;
  }

  ask(typeUrl: string, interest: Interest): void {
    const names = interest.kind === 'all' ? [] : [...interest.names].sort();
    const state = this.#types.get(typeUrl);
    if (state === undefined) {
      if (interest.kind === 'named' && names.length === 0) return;
      this.#types.set(typeUrl, { names, nonce: '' });
      this.#send(typeUrl, null);
      return;
    }
    if (state.names.join('\0') === names.join('\0')) return;
    state.names = names;
    this.#send(typeUrl, null);
  }

  onResponse(response: DiscoveryResponse): void {
    const { typeUrl, nonce, versionInfo } = response;
    const state = this.#types.get(typeUrl);
    if (state === undefined) return;
    state.nonce = nonce;
    const packed = response.resources.map((resource) => {
      return { name: '', version: versionInfo, packed: resource };
    });
    const { set, problems } = decodeResources(this.#options.registry, typeUrl, packed);
    // A resource that cannot be read must not count as gone: with one, nothing is.
    const whole = WHOLE_TYPES.has(typeUrl) && problems.length === 0;
    const update = { set, removed: [], whole };
    void this.#options.handler.onUpdate(typeUrl, update).then((refused) => {
      // A newer response of the type has been answered for, or will be.
      if (state.nonce !== nonce) return;
      const all = [...problems, ...refused];
      if (all.length === 0) this.#accepted.set(typeUrl, versionInfo);
      this.#send(typeUrl, all.length === 0 ? null : nackDetail(all));
    });
  }

  #send(typeUrl: string, errorDetail: DiscoveryRequest['errorDetail']): void {
    const state = this.#types.get(typeUrl)!;
    const node = this.#nodeSent ? null : this.#options.node;
    this.#nodeSent = true;
    this.#options.send({
      versionInfo: this.#accepted.get(typeUrl) ?? '',
      node,
      resourceNames: state.names,
      typeUrl,
      responseNonce: state.nonce,
      errorDetail,
    });
  }
}
