import type { Random } from '@lateen/sdk/base/clock';
import type { BalancerPolicy } from './balancer-config.ts';
import type { Candidate, Picker } from './candidate.ts';
import { EdfScheduler } from './edf-scheduler.ts';
import { maglevPicker, ringHashPicker } from './hash-picker.ts';

/** A picker over `hosts` by the cluster's policy. Made anew whenever the list changes. */
export function createPicker<T extends Candidate>(
  policy: BalancerPolicy,
  hosts: readonly T[],
  random: Random,
): Picker<T> {
  if (hosts.length === 0) return () => null;
  if (hosts.length === 1) return () => hosts[0];
  switch (policy.kind) {
    case 'round-robin':
      return evenWeights(hosts)
        ? rotation(hosts, random)
        : scheduled(hosts, (host) => host.weight, random);
    case 'least-request':
      return leastRequest(hosts, policy, random);
    case 'random':
      return () => hosts[below(hosts.length, random)];
    case 'ring-hash':
      return ringHashPicker(hosts, policy, random);
    case 'maglev':
      return maglevPicker(hosts, policy, random);
  }
}

/** A whole number in [0, limit). */
export function below(limit: number, random: Random): number {
  return Math.min(limit - 1, Math.floor(random() * limit));
}

function evenWeights(hosts: readonly Candidate[]): boolean {
  return hosts.every((host) => host.weight === hosts[0].weight);
}

/** Each worker begins elsewhere, so that a fresh fleet does not hit one host at once. */
function rotation<T>(hosts: readonly T[], random: Random): () => T {
  let next = below(hosts.length, random);
  return () => {
    const host = hosts[next];
    next = next + 1 === hosts.length ? 0 : next + 1;
    return host;
  };
}

function scheduled<T>(hosts: readonly T[], weight: (host: T) => number, random: Random): () => T {
  const scheduler = new EdfScheduler(hosts.length, (index) => weight(hosts[index]));
  for (let skip = below(hosts.length, random); skip > 0; skip--) scheduler.pick();
  return () => hosts[scheduler.pick()];
}

/**
 * Equal weights: the best of some hosts drawn at random. Otherwise by schedule, each host's
 * weight lowered by what it has in hand: weight / (active + 1)^bias.
 */
function leastRequest<T extends Candidate>(
  hosts: readonly T[],
  policy: BalancerPolicy & { readonly kind: 'least-request' },
  random: Random,
): () => T {
  if (evenWeights(hosts)) return () => bestOf(hosts, policy.choices, random);
  const { bias } = policy;
  const effective = (host: T): number =>
    bias === 0 ? host.weight : host.weight / (host.activeRequests + 1) ** bias;
  return scheduled(hosts, effective, random);
}

function bestOf<T extends Candidate>(hosts: readonly T[], choices: number, random: Random): T {
  let best = hosts[below(hosts.length, random)];
  for (let i = 1; i < choices; i++) {
    const other = hosts[below(hosts.length, random)];
    if (other.activeRequests < best.activeRequests) best = other;
  }
  return best;
}
