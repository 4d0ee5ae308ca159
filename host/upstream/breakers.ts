import type { BreakerLimits } from './cluster-config.ts';

/** What a circuit breaker counts. */
export type BreakerKind = 'connections' | 'pending' | 'requests' | 'retries';

const PLACES: Readonly<Record<BreakerKind, number>> = {
  connections: 0,
  pending: 1,
  requests: 2,
  retries: 3,
};

/** How many numbers `Breakers` keeps; for callers that bring shared memory. */
export const BREAKER_COUNTS = 4;

/**
 * A cluster's circuit breakers. The counts may lie in memory that all workers share; then the
 * limits hold for the process, as Envoy's do.
 */
export class Breakers {
  readonly #counts: Int32Array;
  #limits: BreakerLimits;

  constructor(limits: BreakerLimits, counts: Int32Array = new Int32Array(BREAKER_COUNTS)) {
    this.#limits = limits;
    this.#counts = counts;
  }

  get limits(): BreakerLimits {
    return this.#limits;
  }

  update(limits: BreakerLimits): void {
    this.#limits = limits;
  }

  inUse(kind: BreakerKind): number {
    return Atomics.load(this.#counts, PLACES[kind]);
  }

  /** Takes one, or answers false where the limit is reached. */
  take(kind: BreakerKind): boolean {
    const place = PLACES[kind];
    if (Atomics.add(this.#counts, place, 1) < this.#limitOf(kind)) return true;
    Atomics.sub(this.#counts, place, 1);
    return false;
  }

  /** Takes one beyond the limit: a host without any connection may always have one. */
  force(kind: BreakerKind): void {
    Atomics.add(this.#counts, PLACES[kind], 1);
  }

  give(kind: BreakerKind): void {
    Atomics.sub(this.#counts, PLACES[kind], 1);
  }

  #limitOf(kind: BreakerKind): number {
    switch (kind) {
      case 'connections':
        return this.#limits.connectionsMax;
      case 'pending':
        return this.#limits.pendingMax;
      case 'requests':
        return this.#limits.requestsMax;
      case 'retries':
        return this.#limits.retriesMax;
    }
  }
}
