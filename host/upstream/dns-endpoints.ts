import { isIP } from 'node:net';
import type { Clock, Random, Timer } from '@lateen/sdk/base/clock';
import type { Assignment, EndpointConfig } from './assignment.ts';
import type { ClusterConfig, DnsConfig } from './cluster-config.ts';
import type { ResolveName } from './dns.ts';

/** What became of one resolution, for statistics and logs. */
export type DnsOutcome =
  | { readonly kind: 'resolved'; readonly name: string; readonly empty: boolean }
  | { readonly kind: 'failed'; readonly name: string; readonly reason: string };

export interface DnsEndpointsOptions {
  readonly config: ClusterConfig;
  readonly resolve: ResolveName;
  readonly clock: Clock;
  readonly random: Random;
  /** The endpoints with names replaced by addresses; called when they have changed. */
  readonly onAssignment: (assignment: Assignment) => void;
  readonly onOutcome: (outcome: DnsOutcome) => void;
}

interface Name {
  readonly name: string;
  addresses: readonly string[];
  failures: number;
  timer: Timer | null;
}

/**
 * The endpoints of a DNS cluster: resolves every name again and again, and keeps the last good
 * addresses while a resolution fails.
 */
export class DnsEndpoints {
  /** Resolves when every name has been answered or has failed once. */
  readonly ready: Promise<void>;
  readonly #options: DnsEndpointsOptions;
  readonly #names = new Map<string, Name>();
  readonly #assignment: Assignment;
  #published = '';
  #closed = false;

  constructor(assignment: Assignment, options: DnsEndpointsOptions) {
    this.#options = options;
    this.#assignment = assignment;
    for (const { endpoints } of assignment.localities) {
      for (const { host } of endpoints) {
        if (isIP(host) === 0) {
          this.#names.set(host, { name: host, addresses: [], failures: 0, timer: null });
        }
      }
    }
    this.ready = this.#begin();
  }

  close(): void {
    this.#closed = true;
    for (const item of this.#names.values()) item.timer?.cancel();
  }

  async #begin(): Promise<void> {
    if (this.#names.size === 0) this.#publish();
    await Promise.all([...this.#names.values()].map((item) => this.#refresh(item)));
  }

  async #refresh(item: Name): Promise<void> {
    item.timer = null;
    const { resolve, config, clock, onOutcome } = this.#options;
    const answer = await resolve(item.name, config.dns.family);
    if (this.#closed) return;
    item.failures = answer.ok ? 0 : item.failures + 1;
    if (answer.ok) {
      item.addresses = this.#accepted(item, answer.value.addresses);
      onOutcome({ kind: 'resolved', name: item.name, empty: answer.value.addresses.length === 0 });
    } else {
      onOutcome({ kind: 'failed', name: item.name, reason: answer.error });
    }
    this.#publish();
    const delay = this.#delay(item, answer.ok ? answer.value.ttlMs : null);
    item.timer = clock.setTimer(delay, () => void this.#refresh(item));
  }

  /**
   * A logical host is one address: the one in use as long as the answers hold it, so that answers
   * in turning order do not break connections.
   */
  #accepted(item: Name, addresses: readonly string[]): readonly string[] {
    if (this.#options.config.kind !== 'logical-dns') return addresses;
    const current = item.addresses[0];
    if (current !== undefined && (addresses.length === 0 || addresses.includes(current))) {
      return [current];
    }
    return addresses.slice(0, 1);
  }

  #delay(item: Name, ttlMs: number | null): number {
    const { dns } = this.#options.config;
    if (item.failures > 0) return backOff(dns, item.failures, this.#options.random);
    // A TTL of 0 would ask without pause.
    if (dns.respectTtl && ttlMs !== null) return Math.max(1000, ttlMs);
    return dns.refreshMs;
  }

  #publish(): void {
    const assignment = this.#resolved();
    const text = JSON.stringify(assignment);
    if (text === this.#published) return;
    this.#published = text;
    this.#options.onAssignment(assignment);
  }

  #resolved(): Assignment {
    const expand = (endpoint: EndpointConfig): readonly EndpointConfig[] => {
      const item = this.#names.get(endpoint.host);
      if (item === undefined) return [endpoint];
      // In a fixed order: answers turn theirs to spread load.
      return item.addresses.toSorted().map((host) => ({ ...endpoint, host }));
    };
    const localities = this.#assignment.localities.map((locality) => ({
      ...locality,
      endpoints: locality.endpoints.flatMap(expand),
    }));
    return { ...this.#assignment, localities };
  }
}

/** Doubles from the base interval up to the longest, with up to a fifth of chance. */
function backOff(dns: DnsConfig, failures: number, random: Random): number {
  const delay = Math.min(dns.failureRefreshMs * 2 ** (failures - 1), dns.failureRefreshMaxMs);
  return delay * (0.8 + 0.2 * random());
}
