import type { Clock } from '@lateen/sdk/base/clock';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { Delivery, type Refusal, type TypeDelivery } from './delivery.ts';
import { DeltaSubscription } from './delta-subscription.ts';
import type { Dialect, XdsNode } from './request.ts';
import { resourcesOf, type Snapshot } from './snapshot.ts';
import { SotwSubscription } from './sotw-subscription.ts';
import {
  type DiscoveryRequest,
  type Duty,
  NO_DUTY,
  type Plan,
  type Subscription,
} from './subscription.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, PUSH_ORDER } from './type-urls.ts';
import { encodeDeltaResponse, encodeSotwResponse } from './wire.ts';

const TYPES_MAX = 32;
const NAMES_MAX = 100_000;

/** What a stream tells its owner. */
export interface StreamEvents {
  onAck(typeUrl: string): void;
  onNack(typeUrl: string, refusal: Refusal): void;
}

export interface StreamOptions {
  readonly dialect: Dialect;
  readonly node: XdsNode;
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  readonly events: StreamEvents;
  /** Sends one response. False means full: no more until `onDrain`. */
  readonly write: (response: Buffer) => boolean;
}

interface Watch {
  readonly subscription: Subscription;
  readonly delivery: Delivery;
  duty: Duty;
}

/**
 * One proxy's ADS stream above the transport: requests and new snapshots come in, responses go
 * out in make-before-break order. While the proxy reads slowly, changes are merged, not queued.
 */
export class AdsStream {
  readonly #options: StreamOptions;
  readonly #watches = new Map<string, Watch>();
  /** Assignments of clusters just sent: a proxy warms a changed cluster with a fresh one. */
  readonly #assignmentsDue = new Set<string>();
  #snapshot: Snapshot;
  #nonce = 0;
  #full = false;
  #behind = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
  }

  get node(): XdsNode {
    return this.#options.node;
  }

  get dialect(): Dialect {
    return this.#options.dialect;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Types this proxy asked for, with what became of them. */
  deliveries(): ReadonlyMap<string, TypeDelivery> {
    const entries = [...this.#watches].map(([typeUrl, { subscription, delivery }]) => {
      const names = subscription.wildcard ? '*' : String(subscription.nameCount);
      return [typeUrl, delivery.view(names)] as const;
    });
    return new Map(entries);
  }

  /** A failure means that the stream has to end. */
  onRequest(request: DiscoveryRequest): Result<void> {
    if (request.typeUrl === '') return fail(broken('a request on ADS needs a type_url'));
    const watch = this.#watch(request.typeUrl);
    if (watch === undefined) return fail(broken(`more than ${TYPES_MAX} types on one stream`));
    watch.delivery.onHeld(request.held, this.#options.clock.wallTime());
    this.#settle(request, watch.delivery);
    const duty = watch.subscription.onRequest(request, watch.delivery.lastNonce);
    watch.duty = merge(watch.duty, duty);
    if (watch.subscription.nameCount > NAMES_MAX) {
      return fail(broken(`more than ${NAMES_MAX} names of one type on one stream`));
    }
    const types =
      request.typeUrl === CLUSTER_TYPE ? [CLUSTER_TYPE, ENDPOINT_TYPE] : [request.typeUrl];
    this.#flush(types);
    return ok(undefined);
  }

  refresh(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#flush(this.#order());
  }

  onDrain(): void {
    this.#full = false;
    if (!this.#behind) return;
    this.#behind = false;
    this.#flush(this.#order());
  }

  #watch(typeUrl: string): Watch | undefined {
    const known = this.#watches.get(typeUrl);
    if (known !== undefined) return known;
    if (this.#watches.size >= TYPES_MAX) return undefined;
    const delta = this.#options.dialect === 'delta';
    const subscription = delta ? new DeltaSubscription(typeUrl) : new SotwSubscription(typeUrl);
    const watch = { subscription, delivery: new Delivery(), duty: NO_DUTY };
    this.#watches.set(typeUrl, watch);
    return watch;
  }

  #settle(request: DiscoveryRequest, delivery: Delivery): void {
    if (request.nonce === '') return;
    const at = this.#options.clock.wallTime();
    if (request.refusal === undefined) {
      if (delivery.onAck(request.nonce, at)) this.#options.events.onAck(request.typeUrl);
      return;
    }
    const refusal = delivery.onNack(request.nonce, request.refusal, at);
    if (refusal !== undefined) this.#options.events.onNack(request.typeUrl, refusal);
  }

  #order(): readonly string[] {
    const others = [...this.#watches.keys()].filter((typeUrl) => !PUSH_ORDER.includes(typeUrl));
    return [...PUSH_ORDER, ...others];
  }

  #flush(types: readonly string[]): void {
    const removals: { readonly typeUrl: string; readonly removed: readonly string[] }[] = [];
    const delta = this.#options.dialect === 'delta';
    for (const typeUrl of types) {
      if (this.#full) break;
      const plan = this.#plan(typeUrl);
      if (plan === undefined) continue;
      // What refers goes before what it refers to. A listener leaves at once: its successor may
      // want the same port.
      const later = delta && typeUrl !== LISTENER_TYPE && plan.removed.length > 0;
      if (later) removals.unshift({ typeUrl, removed: plan.removed });
      if (later && plan.resources.length === 0) continue;
      this.#send(typeUrl, later ? { resources: plan.resources, removed: [] } : plan);
    }
    for (const { typeUrl, removed } of removals) this.#send(typeUrl, { resources: [], removed });
    this.#behind ||= this.#full;
  }

  #plan(typeUrl: string): Plan | undefined {
    const watch = this.#watches.get(typeUrl);
    if (watch === undefined) return undefined;
    const due = typeUrl === ENDPOINT_TYPE ? [...this.#assignmentsDue] : [];
    const duty = { answer: watch.duty.answer, again: new Set([...watch.duty.again, ...due]) };
    watch.duty = NO_DUTY;
    if (typeUrl === ENDPOINT_TYPE) this.#assignmentsDue.clear();
    const plan = watch.subscription.plan(resourcesOf(this.#snapshot, typeUrl), duty);
    for (const { assignment } of plan?.resources ?? []) {
      if (assignment !== undefined) this.#assignmentsDue.add(assignment);
    }
    return plan;
  }

  #send(typeUrl: string, plan: Plan): void {
    this.#nonce += 1;
    const nonce = String(this.#nonce);
    const version = this.#snapshot.version;
    const response =
      this.#options.dialect === 'delta'
        ? encodeDeltaResponse({
            typeUrl,
            nonce,
            systemVersion: version,
            resources: plan.resources.map((resource) => resource.delta),
            removed: plan.removed,
          })
        : encodeSotwResponse({
            typeUrl,
            nonce,
            version,
            resources: plan.resources.map((resource) => resource.sotw),
          });
    this.#watches.get(typeUrl)?.delivery.onSent(nonce, plan, this.#options.clock.wallTime());
    if (!this.#options.write(response)) this.#full = true;
  }
}

function merge(a: Duty, b: Duty): Duty {
  return { answer: a.answer || b.answer, again: new Set([...a.again, ...b.again]) };
}

function broken(message: string): Problem {
  return { level: 'error', code: 'LAT0610', message, origin: { resource: 'ADS stream' } };
}
