import type { Plan } from './subscription.ts';

/** Answers that were never acknowledged are forgotten beyond this many. */
const PENDING_MAX = 64;

export interface Refusal {
  readonly message: string;
  /** Names in the refused answer that the message mentions, else all of them. */
  readonly resources: readonly string[];
  /** Wall clock, ms. */
  readonly at: number;
}

/** How far one resource got with one proxy. */
export interface ResourceDelivery {
  readonly sent: string;
  readonly acked: string | undefined;
  readonly refused: string | undefined;
}

/** How far one type got with one proxy. */
export interface TypeDelivery {
  readonly state: 'not-sent' | 'synced' | 'stale' | 'refused';
  readonly subscribed: string;
  readonly sentAt: number | undefined;
  readonly ackedAt: number | undefined;
  readonly refusal: Refusal | undefined;
  readonly resources: ReadonlyMap<string, ResourceDelivery>;
}

interface Pending {
  readonly resources: ReadonlyMap<string, string>;
  readonly removed: readonly string[];
}

/** What was sent of one type on one stream, and what the proxy said to it. */
export class Delivery {
  readonly #pending = new Map<string, Pending>();
  readonly #resources = new Map<string, ResourceDelivery>();
  #lastNonce = '';
  #sentAt: number | undefined;
  #ackedAt: number | undefined;
  #refusal: Refusal | undefined;

  get lastNonce(): string {
    return this.#lastNonce;
  }

  /** What a proxy that comes back says it has: it took that once, from us or from another of us. */
  onHeld(held: ReadonlyMap<string, string>, at: number): void {
    if (held.size === 0 || this.#lastNonce !== '') return;
    this.#ackedAt = at;
    for (const [name, version] of held) {
      this.#resources.set(name, { sent: version, acked: version, refused: undefined });
    }
  }

  onSent(nonce: string, plan: Plan, at: number): void {
    const resources = new Map(plan.resources.map((sent) => [sent.name, sent.version]));
    this.#pending.set(nonce, { resources, removed: plan.removed });
    if (this.#pending.size > PENDING_MAX) this.#pending.delete(this.#pending.keys().next().value!);
    this.#lastNonce = nonce;
    this.#sentAt = at;
    for (const [name, version] of resources) {
      const acked = this.#resources.get(name)?.acked;
      this.#resources.set(name, { sent: version, acked, refused: undefined });
    }
    for (const name of plan.removed) this.#resources.delete(name);
  }

  /** Returns whether the nonce was one of ours; others say nothing about anything. */
  onAck(nonce: string, at: number): boolean {
    const pending = this.#take(nonce);
    if (pending === undefined) return false;
    this.#ackedAt = at;
    for (const [name, version] of pending.resources) this.#settle(name, version, undefined);
    if (![...this.#resources.values()].some((each) => each.refused !== undefined)) {
      this.#refusal = undefined;
    }
    return true;
  }

  onNack(nonce: string, message: string, at: number): Refusal | undefined {
    const pending = this.#take(nonce);
    if (pending === undefined) return undefined;
    const names = [...pending.resources.keys()];
    const named = mentioned(names, message);
    const refused = new Set(named.length > 0 ? named : names);
    for (const [name, version] of pending.resources) {
      // Those that the message does not name are valid and in use (gRFC A46).
      this.#settle(name, version, refused.has(name) ? message : undefined);
    }
    this.#refusal = { message, resources: [...refused], at };
    return this.#refusal;
  }

  view(subscribed: string): TypeDelivery {
    return {
      state: this.#state(),
      subscribed,
      sentAt: this.#sentAt,
      ackedAt: this.#ackedAt,
      refusal: this.#refusal,
      resources: new Map(this.#resources),
    };
  }

  #state(): TypeDelivery['state'] {
    if (this.#sentAt === undefined && this.#ackedAt === undefined) return 'not-sent';
    if (this.#refusal !== undefined) return 'refused';
    return this.#pending.size === 0 ? 'synced' : 'stale';
  }

  #take(nonce: string): Pending | undefined {
    const pending = this.#pending.get(nonce);
    this.#pending.delete(nonce);
    return pending;
  }

  #settle(name: string, version: string, refused: string | undefined): void {
    const known = this.#resources.get(name);
    if (known === undefined || known.sent !== version) return;
    const acked = refused === undefined ? version : known.acked;
    this.#resources.set(name, { sent: version, acked, refused });
  }
}

/** Longest names first, each mention counted once: `a|b` must not be found inside `a|b|c`. */
function mentioned(names: readonly string[], message: string): readonly string[] {
  let rest = message;
  const found: string[] = [];
  for (const name of [...names].sort((a, b) => b.length - a.length)) {
    if (!rest.includes(name)) continue;
    found.push(name);
    rest = rest.replaceAll(name, '\n');
  }
  return found;
}
