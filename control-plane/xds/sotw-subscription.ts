import type { ResourcesByName } from './snapshot.ts';
import type { DiscoveryRequest, Duty, Plan, Subscription } from './subscription.ts';
import { NO_DUTY } from './subscription.ts';
import { WILDCARD_TYPES } from './type-urls.ts';

/**
 * The state-of-the-world dialect. Listeners and clusters are sent whole, because there a missing
 * one is a deleted one; of the other types only what changed is sent, because there absence means
 * nothing.
 */
export class SotwSubscription implements Subscription {
  readonly typeUrl: string;
  readonly #whole: boolean;
  readonly #sent = new Map<string, string>();
  #names = new Set<string>();
  #wildcard = false;
  #everNamed = false;

  constructor(typeUrl: string) {
    this.typeUrl = typeUrl;
    this.#whole = WILDCARD_TYPES.has(typeUrl);
  }

  get wildcard(): boolean {
    return this.#wildcard;
  }

  get nameCount(): number {
    return this.#names.size;
  }

  onRequest(request: DiscoveryRequest, lastNonce: string): Duty {
    // A nonce of an earlier response: the proxy had not seen our last one yet, its next request
    // will say the same again.
    if (request.nonce !== '' && request.nonce !== lastNonce) return NO_DUTY;
    const initial = request.nonce === '';
    const grown = this.#rename(request.names);
    if (initial) return { answer: true, again: new Set(this.#names) };
    return { answer: grown.size > 0, again: grown };
  }

  plan(available: ResourcesByName, duty: Duty): Plan | undefined {
    const wanted = this.#wildcard
      ? [...available.keys()]
      : [...this.#names].filter((name) => available.has(name));
    const changed = wanted.filter(
      (name) => duty.again.has(name) || this.#sent.get(name) !== available.get(name)?.version,
    );
    const gone = [...this.#sent.keys()].filter((name) => !available.has(name));
    for (const name of gone) this.#sent.delete(name);
    const due = changed.length > 0 || (this.#whole && (gone.length > 0 || duty.answer));
    if (!due) return undefined;
    const names = this.#whole ? wanted : changed;
    const resources = names.map((name) => available.get(name)!);
    for (const resource of resources) this.#sent.set(resource.name, resource.version);
    return { resources, removed: gone };
  }

  /** Takes the new list of names; returns those that were not in the old one. */
  #rename(names: readonly string[]): ReadonlySet<string> {
    const next = new Set(names);
    const wildcard = next.delete('*');
    if (names.length > 0) this.#everNamed = true;
    const legacy = names.length === 0 && !this.#everNamed && this.#whole;
    const grown = new Set([...next].filter((name) => !this.#names.has(name)));
    if ((wildcard || legacy) && !this.#wildcard) grown.add('*');
    this.#wildcard = wildcard || legacy;
    this.#names = next;
    if (!this.#wildcard) {
      for (const name of this.#sent.keys()) if (!next.has(name)) this.#sent.delete(name);
    }
    return grown;
  }
}
