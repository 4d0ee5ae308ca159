import { describe, expect, it } from 'vitest';
import type { BalancerConfig } from './balancer-config.ts';
import { type ChoosableHost, createChooser } from './chooser.ts';

const CONFIG: BalancerConfig = {
  policy: { kind: 'round-robin' },
  panicThreshold: 50,
  localityWeighted: false,
};

function host(address: string, part: Partial<ChoosableHost> = {}): ChoosableHost {
  return {
    address,
    weight: 1,
    activeRequests: 0,
    health: 'healthy',
    priority: 0,
    locality: '',
    ...part,
  };
}

interface Setup {
  readonly balancer?: Partial<BalancerConfig>;
  readonly weights?: Readonly<Record<string, number>>;
}

/** How often each host comes in 1,000 choices; and how often in panic. */
function spread(hosts: readonly ChoosableHost[], setup: Setup = {}) {
  let draw = 0;
  let panics = 0;
  const choose = createChooser(hosts, {
    balancer: { ...CONFIG, ...setup.balancer },
    overprovisioningFactor: 140,
    localityWeights: new Map(Object.entries(setup.weights ?? {})),
    random: () => (draw++ % 100) / 100,
    onPanic: () => panics++,
  });
  const found: Record<string, number> = {};
  for (let i = 0; i < 1000; i++) {
    const address = choose(null)?.address ?? 'none';
    found[address] = (found[address] ?? 0) + 1;
  }
  return { found, panics };
}

describe('choosing a host', () => {
  it('finds none among none', () => {
    expect(spread([])).toEqual({ found: { none: 1000 }, panics: 0 });
  });

  it('leaves unhealthy hosts out', () => {
    const hosts = [host('a'), host('b', { health: 'unhealthy' }), host('c')];
    expect(spread(hosts).found).toEqual({ a: 500, c: 500 });
  });

  it('takes every host when too few are healthy, and says so', () => {
    const hosts = [
      host('a'),
      host('b', { health: 'unhealthy' }),
      host('c', { health: 'unhealthy' }),
    ];
    const { found, panics } = spread(hosts);
    expect(Object.keys(found).sort()).toEqual(['a', 'b', 'c']);
    expect(panics).toBe(1000);
  });

  it('finds none when none is healthy and there is to be no panic', () => {
    const hosts = [host('a', { health: 'unhealthy' })];
    expect(spread(hosts, { balancer: { panicThreshold: 0 } }).found).toEqual({ none: 1000 });
  });

  it('uses the second priority for what the first cannot take', () => {
    const hosts = [
      host('a'),
      host('b', { health: 'unhealthy' }),
      host('c', { priority: 1 }),
      host('d', { priority: 1 }),
    ];
    expect(spread(hosts).found).toEqual({ a: 700, c: 150, d: 150 });
  });

  it('uses only the first priority while it is healthy', () => {
    expect(spread([host('a'), host('b', { priority: 1 })]).found).toEqual({ a: 1000 });
  });

  it('uses degraded hosts for the rest', () => {
    const hosts = [host('a'), host('b', { health: 'degraded' })];
    expect(spread(hosts).found).toEqual({ a: 700, b: 300 });
  });

  it('weighs localities before hosts where it is asked to', () => {
    const hosts = [
      host('a', { locality: 'near' }),
      host('b', { locality: 'near' }),
      host('c', { locality: 'far' }),
      host('d', { locality: 'unweighted' }),
    ];
    const weights = { near: 80, far: 20 };
    const { found } = spread(hosts, { balancer: { localityWeighted: true }, weights });
    expect(found).toEqual({ a: 400, b: 400, c: 200 });
  });

  it('lowers the weight of a locality by its share of healthy hosts', () => {
    const sick = [
      host('a', { locality: 'near' }),
      host('b', { locality: 'near', health: 'unhealthy' }),
    ];
    const hosts = [...sick, host('c', { locality: 'far' }), host('d', { locality: 'far' })];
    const weights = { near: 100, far: 70 };
    const { found } = spread(hosts, { balancer: { localityWeighted: true }, weights });
    expect(found).toEqual({ a: 500, c: 250, d: 250 });
  });
});
