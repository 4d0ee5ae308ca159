import type { EncodedResource, ResourcesByName } from './snapshot.ts';
import type { DiscoveryRequest, Duty, Plan, Subscription } from './subscription.ts';
import { WILDCARD_TYPES } from './type-urls.ts';

/** Version of a name that the proxy was told does not exist. */
const ABSENT = '';

/**
 * The incremental dialect (xDS protocol, "Incremental xDS"). `#held` is what the proxy has or was
 * told: name to version, so a difference is what has to be sent, and nothing else is.
 */
export class DeltaSubscription implements Subscription {
  readonly typeUrl: string;
  readonly #names = new Set<string>();
  readonly #held = new Map<string, string>();
  #wildcard = false;
  #started = false;

  constructor(typeUrl: string) {
    this.typeUrl = typeUrl;
  }

  get wildcard(): boolean {
    return this.#wildcard;
  }

  get nameCount(): number {
    return this.#names.size;
  }

  onRequest(request: DiscoveryRequest): Duty {
    const again = new Set<string>();
    const first = !this.#started;
    if (first) this.#start(request);
    for (const name of request.subscribe) {
      if (name === '*') this.#wildcard = true;
      else this.#names.add(name);
      // Asking again for what one has means "send it again"; on a new stream the versions that
      // came with the first message say what the proxy has.
      if (name !== '*' && !(first && this.#held.has(name))) again.add(name);
    }
    for (const name of request.unsubscribe) this.#unsubscribe(name, again);
    return { answer: first && this.#wildcard, again };
  }

  plan(available: ResourcesByName, duty: Duty): Plan | undefined {
    const resources: EncodedResource[] = [];
    const removed: string[] = [];
    for (const name of this.#wanted(available)) {
      const resource = available.get(name);
      if (resource === undefined) this.#missing(name, duty, removed);
      else if (duty.again.has(name) || this.#held.get(name) !== resource.version) {
        resources.push(resource);
        this.#held.set(name, resource.version);
      }
    }
    for (const [name, version] of this.#held) {
      if (available.has(name) || this.#names.has(name)) continue;
      this.#held.delete(name);
      if (version !== ABSENT) removed.push(name);
    }
    if (!duty.answer && resources.length === 0 && removed.length === 0) return undefined;
    return { resources, removed };
  }

  #start(request: DiscoveryRequest): void {
    this.#started = true;
    for (const [name, version] of request.held) this.#held.set(name, version);
    const silent = request.subscribe.length === 0 && request.unsubscribe.length === 0;
    this.#wildcard = silent && WILDCARD_TYPES.has(this.typeUrl);
  }

  #unsubscribe(name: string, again: Set<string>): void {
    if (name === '*') {
      this.#wildcard = false;
      for (const held of this.#held.keys()) if (!this.#names.has(held)) this.#held.delete(held);
      return;
    }
    if (!this.#names.delete(name)) return;
    again.delete(name);
    // Still in the wildcard: the proxy cannot know, so it is told (sent again, or removed).
    if (this.#wildcard) again.add(name);
    else this.#held.delete(name);
  }

  *#wanted(available: ResourcesByName): Iterable<string> {
    if (!this.#wildcard) {
      yield* this.#names;
      return;
    }
    yield* available.keys();
    for (const name of this.#names) if (!available.has(name)) yield name;
  }

  #missing(name: string, duty: Duty, removed: string[]): void {
    if (this.#held.get(name) === ABSENT && !duty.again.has(name)) return;
    this.#held.set(name, ABSENT);
    removed.push(name);
  }
}
