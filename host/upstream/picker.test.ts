import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BalancerPolicy } from './balancer-config.ts';
import type { Candidate } from './candidate.ts';
import { EdfScheduler } from './edf-scheduler.ts';
import { createPicker } from './picker.ts';

interface TestHost extends Candidate {
  activeRequests: number;
}

const ROUND_ROBIN: BalancerPolicy = { kind: 'round-robin' };
const LEAST_REQUEST: BalancerPolicy = { kind: 'least-request', choices: 2, bias: 1 };
const RING: BalancerPolicy = { kind: 'ring-hash', ringSizeMin: 1024, ringSizeMax: 8192 };
const MAGLEV: BalancerPolicy = { kind: 'maglev', tableSize: 65_537 };
const EVERY: readonly BalancerPolicy[] = [
  ROUND_ROBIN,
  LEAST_REQUEST,
  { kind: 'random' },
  RING,
  MAGLEV,
];

function hosts(...weights: readonly number[]): TestHost[] {
  return weights.map((weight, index) => ({
    address: `10.0.0.${index}:80`,
    weight,
    activeRequests: 0,
  }));
}

/** A small generator with a seed, so that a failure can be repeated (xorshift32). */
function seeded(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

function counts(policy: BalancerPolicy, list: readonly TestHost[], picks: number): number[] {
  const pick = createPicker(policy, list, seeded(7));
  const found = new Map<string, number>();
  for (let i = 0; i < picks; i++) {
    const host = pick(null);
    if (host !== null) found.set(host.address, (found.get(host.address) ?? 0) + 1);
  }
  return list.map((host) => found.get(host.address) ?? 0);
}

const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 });

describe('every balancer', () => {
  it.each(EVERY)(
    '$kind picks nobody from an empty list, and the one of a list of one',
    (policy) => {
      expect(createPicker(policy, [], Math.random)(null)).toBeNull();
      const [only] = hosts(3);
      expect(createPicker(policy, [only], Math.random)(5)).toBe(only);
    },
  );

  it.each(EVERY)('$kind starves nobody', (policy) => {
    fc.assert(
      fc.property(weights, (list) => {
        const most = Math.max(...list);
        const picks = list.length * most * 40;
        expect(Math.min(...counts(policy, hosts(...list), picks))).toBeGreaterThan(0);
      }),
      { numRuns: policy.kind === 'maglev' ? 10 : 50 },
    );
  });
});

describe('round robin', () => {
  it('takes equal hosts strictly in turn', () => {
    expect(counts(ROUND_ROBIN, hosts(1, 1, 1), 300)).toEqual([100, 100, 100]);
    expect(counts(ROUND_ROBIN, hosts(5, 5, 5), 300)).toEqual([100, 100, 100]);
  });

  it('honours weights to within one pick per host over any number of rounds', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 500 }), (list, picks) => {
        const total = list.reduce((sum, weight) => sum + weight, 0);
        const found = new Array<number>(list.length).fill(0);
        const scheduler = new EdfScheduler(list.length, (index) => list[index]);
        for (let i = 0; i < picks; i++) found[scheduler.pick()]++;
        list.forEach((weight, index) => {
          const expected = (picks * weight) / total;
          expect(Math.abs(found[index] - expected)).toBeLessThanOrEqual(
            1 + (weight * list.length) / total,
          );
        });
      }),
    );
  });

  it('spreads a heavy host evenly instead of taking it many times in a row', () => {
    const scheduler = new EdfScheduler(3, (index) => [2, 1, 1][index]);
    const picks = Array.from({ length: 40 }, () => scheduler.pick()).join('');
    expect(picks).not.toContain('000');
    expect(picks).not.toContain('11');
  });

  it('begins elsewhere in each worker', () => {
    const list = hosts(1, 1, 1, 1);
    const starts = [0, 0.3, 0.6, 0.9].map(
      (chance) => createPicker(ROUND_ROBIN, list, () => chance)(null)?.address,
    );
    expect(new Set(starts).size).toBe(4);
  });
});

describe('least request', () => {
  it('takes the less busy of two equal hosts drawn', () => {
    const list = hosts(1, 1);
    list[0].activeRequests = 10;
    const draws = [0.1, 0.9, 0.9, 0.1];
    const pick = createPicker(LEAST_REQUEST, list, () => draws.shift() ?? 0);
    expect(pick(null)).toBe(list[1]);
    expect(pick(null)).toBe(list[1]);
  });

  it('keeps a slow host from being flooded', () => {
    const list = hosts(1, 1, 1, 1);
    list[0].activeRequests = 1000;
    const [slow, ...others] = counts(LEAST_REQUEST, list, 4000);
    expect(slow).toBeLessThan(Math.min(...others) / 2);
  });

  it('goes by weight over load where weights differ', () => {
    const list = hosts(3, 1);
    const [first, second] = counts(LEAST_REQUEST, list, 4000);
    expect(first / second).toBeCloseTo(3, 1);
    list[0].activeRequests = 5;
    const [busy, free] = counts(LEAST_REQUEST, list, 4000);
    expect(busy / free).toBeCloseTo(0.5, 1);
  });
});

describe.each([RING, MAGLEV])('$kind', (policy) => {
  it('gives the same hash to the same host, in every worker', () => {
    const list = hosts(1, 1, 1, 1, 1);
    const here = createPicker(policy, list, seeded(1));
    const there = createPicker(policy, [...list].reverse(), seeded(2));
    let different = 0;
    for (let hash = 0; hash < 0x1_0000_0000; hash += 0x0101_0101) {
      expect(here(hash)).toBe(here(hash));
      if (here(hash) !== there(hash)) different++;
    }
    // Maglev's table depends on the order of hosts in a few places; a ring does not at all.
    expect(different).toBeLessThanOrEqual(policy.kind === 'maglev' ? 256 * 0.05 : 0);
  });

  it('moves little but the share of the host that left', () => {
    const list = hosts(1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    const before = createPicker(policy, list, seeded(1));
    const after = createPicker(policy, list.slice(0, 9), seeded(1));
    let moved = 0;
    const random = seeded(9);
    for (let i = 0; i < 5000; i++) {
      const hash = Math.floor(random() * 0x1_0000_0000);
      const host = before(hash);
      if (host !== list[9] && host !== after(hash)) moved++;
    }
    expect(moved / 5000).toBeLessThan(0.1);
  });

  it('honours weights over all hashes', () => {
    const list = hosts(1, 2, 5);
    const found = counts(policy, list, 40_000).map((count) => count / 40_000);
    [1 / 8, 2 / 8, 5 / 8].forEach((share, index) => {
      expect(Math.abs(found[index] - share)).toBeLessThan(policy.kind === 'maglev' ? 0.02 : 0.06);
    });
  });
});
