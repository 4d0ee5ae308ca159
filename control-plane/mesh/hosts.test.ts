import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bySpecificity,
  concerns,
  exportedTo,
  fullHost,
  hostCovers,
  hostIntersection,
  selects,
} from './hosts.ts';

const host = fc
  .tuple(fc.boolean(), fc.array(fc.constantFrom('a', 'b', 'com'), { minLength: 1, maxLength: 3 }))
  .map(([wild, labels]) => (wild ? ['*', ...labels] : labels).join('.'));

describe('host names', () => {
  it('are completed with the namespace of the resource that names them', () => {
    expect(fullHost('reviews', 'shop', 'cluster.local')).toBe('reviews.shop.svc.cluster.local');
    expect(fullHost('Reviews.Example.com', 'shop', 'cluster.local')).toBe('reviews.example.com');
    expect(fullHost('*', 'shop', 'cluster.local')).toBe('*');
    expect(fullHost('*.shop', 'shop', 'cluster.local')).toBe('*.shop');
  });

  it('are covered by wildcards of whole labels only', () => {
    expect(hostCovers('*.example.com', 'a.b.example.com')).toBe(true);
    expect(hostCovers('*.example.com', 'example.com')).toBe(false);
    expect(hostCovers('*.example.com', 'badexample.com')).toBe(false);
    expect(hostCovers('*.example.com', '*.a.example.com')).toBe(true);
    expect(hostCovers('a.example.com', '*.example.com')).toBe(false);
  });

  it('intersect the same way from both sides, in the narrower of the two', () => {
    fc.assert(
      fc.property(host, host, (a, b) => {
        const both = hostIntersection(a, b);
        expect(hostIntersection(b, a)).toBe(both);
        if (both !== undefined) expect(hostCovers(a, both) && hostCovers(b, both)).toBe(true);
      }),
    );
  });

  it('sort the narrower of two that overlap first', () => {
    fc.assert(
      fc.property(host, host, (wide, narrow) => {
        if (wide === narrow || !hostCovers(wide, narrow)) return;
        expect(bySpecificity(narrow, wide)).toBeLessThan(0);
      }),
    );
  });
});

describe('exports', () => {
  it.each([
    [['*'], 'any', true],
    [['.'], 'home', true],
    [['.'], 'other', false],
    [['other'], 'other', true],
    [['~'], 'home', false],
    [[], 'home', false],
  ])('%j to %s: %s', (exportTo, client, expected) => {
    expect(exportedTo(exportTo, 'home', client)).toBe(expected);
  });
});

describe('selectors', () => {
  it('ask for equality of every label they name', () => {
    expect(selects({ a: '1' }, { a: '1', b: '2' })).toBe(true);
    expect(selects({ a: '1', c: '3' }, { a: '1' })).toBe(false);
    expect(selects(undefined, {})).toBe(true);
  });

  it('reach the whole mesh from the root namespace, else their own', () => {
    const workload = { namespace: 'shop', labels: { app: 'web' } };
    const policy = (namespace: string, selector?: Record<string, string>) =>
      concerns({ namespace, selector }, workload, 'istio-system');
    expect(policy('istio-system')).toBe(true);
    expect(policy('istio-system', { app: 'other' })).toBe(false);
    expect(policy('shop', { app: 'web' })).toBe(true);
    expect(policy('other')).toBe(false);
  });
});
