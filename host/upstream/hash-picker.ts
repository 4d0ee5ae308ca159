import type { Random } from '@lateen/sdk/base/clock';
import type { BalancerPolicy } from './balancer-config.ts';
import type { Candidate, Picker } from './candidate.ts';

/**
 * Ketama-like ring: each host stands on it in proportion to its weight; a hash goes to the next
 * place clockwise. Hosts that come or go move only their own share. The ring depends on addresses
 * and weights alone, so every worker and every proxy agrees on it.
 */
export function ringHashPicker<T extends Candidate>(
  hosts: readonly T[],
  policy: BalancerPolicy & { readonly kind: 'ring-hash' },
  random: Random,
): Picker<T> {
  const places = ringPlaces(hosts, policy.ringSizeMin, policy.ringSizeMax);
  const keys = new Uint32Array(places.length);
  const owners = new Uint32Array(places.length);
  places.sort((a, b) => a.key - b.key);
  places.forEach((place, index) => {
    keys[index] = place.key;
    owners[index] = place.owner;
  });
  return (hash) => {
    const wanted = (hash === null ? random() * 0x1_0000_0000 : hash) >>> 0;
    return hosts[owners[firstAtOrAfter(keys, wanted)]];
  };
}

/** Maglev's permutation table (Eisenbud et al., NSDI 2016, section 3.4), with weights. */
export function maglevPicker<T extends Candidate>(
  hosts: readonly T[],
  policy: BalancerPolicy & { readonly kind: 'maglev' },
  random: Random,
): Picker<T> {
  const table = maglevTable(hosts, policy.tableSize);
  return (hash) => {
    const wanted = (hash === null ? random() * 0x1_0000_0000 : hash) >>> 0;
    return hosts[table[wanted % table.length]];
  };
}

/** FNV-1a with a final mix; 32 bits. */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

interface RingPlace {
  readonly key: number;
  readonly owner: number;
}

/** Enough places that the lightest host has at least one whole place, within the limits. */
function ringPlaces(hosts: readonly Candidate[], sizeMin: number, sizeMax: number): RingPlace[] {
  const total = hosts.reduce((sum, host) => sum + host.weight, 0);
  const lightest = hosts.reduce((least, host) => Math.min(least, host.weight), Infinity) / total;
  const size = Math.min(sizeMax, Math.ceil(lightest * sizeMin) / lightest);
  const places: RingPlace[] = [];
  let target = 0;
  hosts.forEach((host, owner) => {
    target += (size * host.weight) / total;
    for (let copy = 0; places.length < Math.round(target); copy++) {
      places.push({ key: hashText(`${host.address}_${copy}`), owner });
    }
  });
  return places;
}

function firstAtOrAfter(keys: Uint32Array, wanted: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low === keys.length ? 0 : low;
}

function maglevTable(hosts: readonly Candidate[], size: number): Int32Array {
  const table = new Int32Array(size).fill(-1);
  const next = hosts.map((host) => hashText(host.address) % size);
  const steps = hosts.map((host) => (hashText(host.address, 0x9747b28c) % (size - 1)) + 1);
  const heaviest = hosts.reduce((most, host) => Math.max(most, host.weight), 0);
  const credit = hosts.map(() => 0);
  let filled = 0;
  for (;;) {
    for (let i = 0; i < hosts.length; i++) {
      // A host of half the weight places half as often.
      credit[i] += hosts[i].weight;
      if (credit[i] < heaviest) continue;
      credit[i] -= heaviest;
      while (table[next[i]] !== -1) next[i] = (next[i] + steps[i]) % size;
      table[next[i]] = i;
      if (++filled === size) return table;
    }
  }
}
